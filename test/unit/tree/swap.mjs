// Swaps paths for directories of its own, and for links, until it is told to end: swap.mjs SEED OUTSIDE PATH...
// The directories are as whoever may rename things at a destination would make them: full of links that lead outside.
import fs from "node:fs";

const [, , seed, outside, ...paths] = process.argv;
let state = Number(seed) | 1;
process.on("disconnect", () => process.exit());
process.send("ready");
for (;;) {
  for (let i = 0; i < 20; i++) swap(paths[next() % paths.length]);
  await new Promise(setImmediate);
}

function swap(path) {
  const away = `${path}.away`;
  try {
    fs.renameSync(path, away);
  } catch {
    return; // it is not there, or one around it is away
  }
  const isLink = path !== paths[0] && next() % 4 === 0; // a link as the destination is followed, and may be
  attempt(() => (isLink ? fs.symlinkSync(outside, path) : plant(path)));
  for (let i = next() % 2000; i > 0; i--) fs.existsSync(path);
  attempt(() => fs.rmSync(path, { recursive: true, force: true }));
  attempt(() => fs.renameSync(away, path));
}

/** A directory with links by all names that are wanted in the one it stands for. */
function plant(path) {
  const names = attempt(() => fs.readdirSync(`${path}.away`)) ?? [];
  fs.mkdirSync(path, 0o700);
  for (const name of names) fs.symlinkSync(`${outside}/file`, `${path}/${name}`);
}

function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** xorshift32 */
function next() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
