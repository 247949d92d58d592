// Swaps a directory for a link to another, and back, until it is told to end: flip.mjs DIR
// LINK_TARGET
import fs from "node:fs";

const [, , dir, target] = process.argv;
const away = `${dir}.away`;
const link = `${dir}.link`;
process.on("disconnect", () => process.exit());
process.send("ready");
for (let end = Date.now() + 60_000; Date.now() < end; await new Promise(setImmediate)) {
  for (let i = 0; i < 50; i++) {
    try {
      fs.symlinkSync(target, link);
      fs.renameSync(dir, away);
      fs.renameSync(link, dir);
      fs.unlinkSync(dir);
      fs.renameSync(away, dir);
    } catch {
      // The other side may have made or removed something in between: start over from a clean
      // state.
      for (const leftover of [link, away]) fs.rmSync(leftover, { recursive: true, force: true });
    }
  }
}
