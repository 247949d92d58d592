// Swaps paths for directories of its own, for files of them, and for links, and back: swap.mjs SEED
// OUTSIDE ASIDE PATH... The directories are as whoever may rename things at a destination would
// make them: full of links that lead outside. Takes "go" and "rest"; says "ready" once, and "at
// rest" when all is back in its place.
import fs from "node:fs";

const [, , seed, outside, aside, ...paths] = process.argv;
let state = Number(seed) | 1;
let moveCount = 0;
let isAtRest = true;
process.on("disconnect", () => process.exit());
process.on("message", (word) => {
  isAtRest = word === "rest";
  if (isAtRest) process.send("at rest");
  else setImmediate(swapOn);
});
process.send("ready");

function swapOn() {
  if (isAtRest) return;
  for (let i = next() % 8; i > 0; i--) swap(paths[next() % paths.length]);
  setTimeout(swapOn, next() % 16);
}

/** What was made at the path meanwhile stays there: only what was put there is taken away again. */
function swap(path) {
  const original = moveAway(path);
  if (original === undefined) return; // it is not there
  const isDir = fs.lstatSync(original).isDirectory();
  attempt(() =>
    isDir && next() % 4 > 0 ? plantDir(path, original, 2) : fs.symlinkSync(`${outside}/file`, path),
  );
  const planted = attempt(() => fs.lstatSync(path).ino);
  for (let i = next() % 2000; i > 0; i--) fs.existsSync(path);
  const found = moveAway(path);
  if (found === undefined || fs.lstatSync(found).ino === planted) return putBack(original, path);
  putBack(found, path);
}

/** A directory with the names of the one it stands for, which are directories like it and links. */
function plantDir(path, original, depth) {
  fs.mkdirSync(path, 0o700);
  for (const { name, isDirectory } of kindsIn(original)) {
    if (isDirectory && depth > 0) plantDir(`${path}/${name}`, `${original}/${name}`, depth - 1);
    else fs.symlinkSync(`${outside}/${isDirectory ? "" : "file"}`, `${path}/${name}`);
  }
}

function kindsIn(dir) {
  const found = fs.readdirSync(dir, { withFileTypes: true });
  return found.map((each) => ({ name: each.name, isDirectory: each.isDirectory() }));
}

/**
 * Returns where it is now; undefined when nothing is there. Nothing is deleted: inode numbers stay
 * what they are.
 */
function moveAway(path) {
  const now = `${aside}/${moveCount++}`;
  return attempt(() => (fs.renameSync(path, now), now));
}

/** Leaves what is there, but for an empty directory. */
function putBack(from, path) {
  attempt(() => (fs.lstatSync(from).isDirectory() ? fs.renameSync(from, path) : fs.linkSync(from, path)));
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
