// `npm run demo`: copies this project's own tree from one process to another through a pipe,
// changes the original, brings the copy up to date, and checks each time that the copy is exact.
// Works in .demo/.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { installIfNeeded, root, run } from "./run.mjs";

const demo = join(root, ".demo");
const original = join(demo, "original");
const copy = join(demo, "copy");
const cli = join(root, "dist", "cli", "main.js");
const parts = ["src", "scripts", "test", "node_modules", "package.json", "package-lock.json"];

await installIfNeeded();
if (!fs.existsSync(cli) && (await run("node", ["scripts/build.mjs"])) !== 0) process.exit(1);
makeOriginal();

const oneWay = 'node "$CLI" send --json "$FROM/" | node "$CLI" recv --json --quiet "$TO"';
const bothWays =
  'mkfifo "$BACK"; node "$CLI" send --duplex --json "$FROM/" < "$BACK" | node "$CLI" recv --duplex --json --quiet "$TO" > "$BACK"';

const rows = [];
await step("first copy", "send original/ | recv copy", oneWay);
for (const change of changeOriginal()) console.log(`             ${change}`);
await step("update", "send --duplex original/ <=> recv --duplex copy", bothWays);
await step("no change", "the same once more", bothWays);
printTable();

function makeOriginal() {
  fs.rmSync(demo, { recursive: true, force: true });
  fs.mkdirSync(original, { recursive: true });
  const options = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true };
  for (const part of parts) fs.cpSync(join(root, part), join(original, part), options);
  fs.writeFileSync(join(original, "big.bin"), noise(32 << 20, "big"));
}

/** Edits, adds to, touches, renames and duplicates; says what it did. */
function changeOriginal() {
  const at = (...names) => join(original, ...names);
  const big = fs.readFileSync(at("big.bin"));
  const middle = big.length >> 1;
  fs.writeFileSync(
    at("big.bin"),
    Buffer.concat([big.subarray(0, middle), noise(100, "edit"), big.subarray(middle)]),
  );
  fs.appendFileSync(at("package-lock.json"), "\n");
  fs.utimesSync(at("package.json"), 1, 1);
  // Names in the copy only: node_modules may be a link to a folder that others use.
  fs.renameSync(at("src"), at("sources"));
  fs.renameSync(at("node_modules"), at("modules"));
  fs.writeFileSync(at("twin.bin"), big);
  return [
    "100 bytes go into the middle of a file of 32 MiB, whose old content becomes a second file;",
    "a line is added to package-lock.json, package.json is touched, src and node_modules are renamed.",
  ];
}

/** Runs a command line, checks the copy, and keeps a row of the table. */
async function step(name, title, commandLine) {
  console.log(`${name.padEnd(12)} ${title}`);
  const started = performance.now();
  const BACK = join(demo, `back-${rows.length}`);
  const shell = spawn("sh", ["-c", commandLine], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CLI: cli, FROM: original, TO: copy, BACK },
  });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (bytes) => (output += bytes));
  const [code] = await once(shell, "close");
  const seconds = (performance.now() - started) / 1000;
  const sent = output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .find(({ event, action }) => event === "summary" && action === "sent");
  if (code !== 0 || sent === undefined) fail(output.split("\n").slice(-20));
  const differences = [...compare("")];
  if (differences.length > 0) fail(differences.slice(0, 20));
  rows.push({ name, sent, seconds });
}

/**
 * The names below that differ in kind, mode, time or content. What is only in the copy was renamed
 * away.
 */
function* compare(path) {
  const [one, other] = [join(original, path), join(copy, path)];
  const facts = fs.lstatSync(one);
  const found = fs.lstatSync(other, { throwIfNoEntry: false });
  if (found === undefined) return yield `${path} is missing`;
  if (facts.mode !== found.mode) yield `${path} has another kind or mode`;
  else if (facts.isSymbolicLink()) {
    if (fs.readlinkSync(one) !== fs.readlinkSync(other)) yield `${path} points elsewhere`;
  } else if (Math.abs(facts.mtimeMs - found.mtimeMs) >= 0.002) yield `${path} has another time`;
  else if (facts.isFile() && digest(one) !== digest(other)) yield `${path} has other content`;
  if (facts.isDirectory()) for (const name of fs.readdirSync(one)) yield* compare(join(path, name));
}

function digest(path) {
  return createHash("sha256").update(fs.readFileSync(path)).digest("hex");
}

function printTable() {
  const cells = rows.map(({ name, sent, seconds }) => [
    name,
    String(sent.entries),
    mega(sent.doneBytes),
    mega(sent.newBytes),
    mega(sent.reusedBytes),
    mega(sent.wireBytes),
    `${seconds.toFixed(2)} s`,
  ]);
  const head = ["", "entries", "content read", "sent", "reused", "on the wire", "time"];
  console.log();
  for (const row of [head, ...cells]) {
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(12) : cell.padStart(14))).join(""));
  }
  console.log("\nEach time the copy was compared with the original, every byte of it: no difference.");
}

function mega(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

function fail(lines) {
  console.error(["demo: failed", ...lines].join("\n"));
  process.exit(1);
}

/** Bytes that do not compress and are the same each time. */
function noise(sizeBytes, seed) {
  const blocks = [];
  for (let i = 0; i < Math.ceil(sizeBytes / 32); i++)
    blocks.push(createHash("sha256").update(`${seed}/${i}`).digest());
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}
