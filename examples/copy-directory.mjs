// Brings a copy of a directory up to date in another process: what ssh would be started for.
//
//     node examples/copy-directory.mjs [SRC DST]
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openTreeSource, sendTree } from "rsync-stream/node";
import { childProcessDuplex } from "rsync-stream/transport/child-process";

const [from, to] = process.argv.length > 3 ? process.argv.slice(2) : makeExample();
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

const source = await openTreeSource(from);
try {
  // With ssh: childProcessDuplex("ssh", ["host", "rsync-stream", "recv", "--duplex", to])
  const duplex = childProcessDuplex(process.execPath, [program, "recv", "--duplex", "--quiet", to]);
  const summary = await sendTree(source, duplex, {
    onTrouble: (error) => console.error(`${error.detail.path}: ${error.message}`),
  });
  console.log(`${summary.entries} entries, ${summary.sentBytes} of ${summary.chunkBytes} bytes were new`);
} finally {
  await source.close();
}
if (process.argv.length <= 3) {
  console.log(readFileSync(join(to, "letters", "hello.txt"), "utf8"));
  rmSync(join(to, ".."), { recursive: true });
}

/** A small directory, and where to copy it. The slash stands for what is in it. */
function makeExample() {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-example-"));
  mkdirSync(join(folder, "original", "letters"), { recursive: true });
  writeFileSync(join(folder, "original", "letters", "hello.txt"), "Hello from the other process.");
  return [join(folder, "original/"), join(folder, "copy")];
}
