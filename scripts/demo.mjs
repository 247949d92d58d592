// `npm run demo`: from a fresh clone, shows in half a minute what the program does, on a tree it makes up.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installIfNeeded, root, run } from "./run.mjs";

await installIfNeeded();
if ((await run("node", ["scripts/build.mjs"])) !== 0) process.exit(1);

const stage = join(root, ".demo");
const source = join(stage, "source");
const copy = join(stage, "copy");
const main = join(root, "dist", "cli", "main.js");

makeTree();
await show("first copy", () => {});
await show("nothing changed", () => {});
await show("one line inserted at the front of a file of 32 MiB", () => {
  const path = join(source, "big.bin");
  writeFileSync(path, Buffer.concat([Buffer.from("a new first line\n"), readFileSync(path)]));
});
await show("a folder of 500 files renamed", () =>
  renameSync(join(source, "notes-1"), join(source, "renamed")),
);
await show("a folder copied", () =>
  cpSync(join(source, "notes-2"), join(source, "again"), { recursive: true }),
);
rmSync(stage, { recursive: true });

/** Four folders of 500 small files and one big file: about 36 MB. */
function makeTree() {
  rmSync(stage, { recursive: true, force: true });
  for (let folder = 0; folder < 4; folder++) {
    const path = join(source, `notes-${folder}`);
    mkdirSync(path, { recursive: true });
    for (let note = 0; note < 500; note++)
      writeFileSync(join(path, `${note}.bin`), noise(`${folder}/${note}`, 2048));
  }
  writeFileSync(join(source, "big.bin"), noise("big", 32 << 20));
}

/** Bytes that do not compress, the same in every run. */
function noise(seed, sizeBytes) {
  return createHash("shake128", { outputLength: sizeBytes }).update(seed).digest();
}

/** Changes the source, brings the copy up to date, says what it took and checks that both are equal. */
async function show(what, change) {
  change();
  const started = performance.now();
  const { there, back } = await sync();
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  execFileSync("diff", ["-r", source, copy], { stdio: "inherit" });
  console.log(
    `${what.padEnd(52)} ${size(there).padStart(9)} sent, ${size(back).padStart(8)} answered, ${seconds} s`,
  );
}

/** A sender and a receiver, each a process of its own, as over ssh; gives the bytes between them. */
async function sync() {
  const stdio = ["pipe", "pipe", "inherit"];
  const sender = spawn(process.execPath, [main, "send", `${source}/`, "--duplex", "--quiet"], { stdio });
  const receiver = spawn(process.execPath, [main, "recv", copy, "--duplex", "--quiet"], { stdio });
  const bytes = { there: 0, back: 0 };
  sender.stdout.on("data", (block) => (bytes.there += block.length)).pipe(receiver.stdin);
  receiver.stdout.on("data", (block) => (bytes.back += block.length)).pipe(sender.stdin);
  const codes = await Promise.all([once(sender, "close"), once(receiver, "close")]);
  if (codes.some(([code]) => code !== 0))
    throw new Error(`the sync failed: exit codes ${codes.map(([code]) => code)}`);
  return bytes;
}

function size(bytes) {
  return bytes < 100_000 ? `${bytes} B` : `${(bytes / 1e6).toFixed(2)} MB`;
}
