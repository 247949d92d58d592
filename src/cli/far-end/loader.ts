// Runs by `node -e` at a host that has Node.js and nothing of this: asks the other end for the
// program, keeps it, and runs it. Built into one small script of one line, for csh takes no more;
// docs/ssh.md has the exchange.
import { createHash } from "node:crypto";
import fs from "node:fs";
import { EOL, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { cacheFolder, isPrivateFolder } from "../launch/own-folder.ts";
import { oldestNodeMajor } from "./oldest-node.ts";

/** What the other end says of the program, and the arguments that are for it. */
const [digest = "", token = "", compressedSize = "", size = "", ...args] = process.argv.slice(1);

function say(text: string): void {
  fs.writeSync(2, text + EOL);
}

/** Waits where nothing has come yet, as on a socket that is read without blocking. */
function readSome(into: Uint8Array, from: number): number {
  for (;;) {
    try {
      return fs.readSync(0, into, from, into.length - from, null);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EAGAIN") throw thrown;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function readBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = readSome(bytes, at);
    if (read === 0) throw new Error("the other end went away before the program was here");
    at += read;
  }
  return bytes;
}

/** Passes over what the other end had said before it knew, and reads nothing behind the token. */
function skipToToken(): void {
  const wanted = Buffer.from(token);
  let last: Uint8Array = readBytes(wanted.length);
  while (!wanted.equals(last)) {
    let at = 1;
    while (!wanted.subarray(0, wanted.length - at).equals(last.subarray(at))) at++;
    last = Buffer.concat([last.subarray(at), readBytes(at)]);
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function receive(): Uint8Array {
  fs.writeSync(1, token + EOL);
  skipToToken();
  const compressed = readBytes(Number(compressedSize));
  const program = brotliDecompressSync(compressed, { maxOutputLength: Number(size) });
  if (digestOf(program) !== digest) throw new Error("the program came damaged");
  return program;
}

/** Where the program is kept from one run to the next; undefined where it cannot be. */
function keepingDir(): string | undefined {
  try {
    const dir = cacheFolder();
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    if (isPrivateFolder(dir)) return dir;
    say(`${dir} can be written to by others: the program is not kept there`);
  } catch {
    // No home, or one that cannot be written to.
  }
  return undefined;
}

/** True for a program that was kept and is the one that is wanted. That it was used is noted. */
function isKept(path: string): boolean {
  try {
    if (!fs.lstatSync(path).isFile()) return false; // a pipe would keep this waiting
    if (digestOf(fs.readFileSync(path)) !== digest) return false;
    fs.utimesSync(path, new Date(), new Date());
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).syscall !== "utime") return false;
  }
  return true;
}

/** Days for which a program is kept that is not used, and what a run left that was killed. */
const keptDays = 30;

/** Removes other versions that were not used for long. What is in the way of that stays. */
function removeOld(dir: string): void {
  for (const name of fs.readdirSync(dir)) {
    const path = join(dir, name);
    const isOwn = /^[0-9a-f]{64}\.mjs(\.\d+)?$/.test(name);
    if (isOwn && Date.now() - fs.lstatSync(path).mtimeMs > keptDays * 86_400_000) fs.unlinkSync(path);
  }
}

/** Puts the program in place as a whole. */
function keep(program: Uint8Array, path: string): boolean {
  const temporary = `${path}.${process.pid}`;
  try {
    fs.rmSync(temporary, { force: true }); // of a run that was killed
    fs.writeFileSync(temporary, program, { mode: 0o600, flag: "wx" });
    fs.renameSync(temporary, path);
    return true;
  } catch {
    fs.rmSync(temporary, { force: true });
    return false;
  }
}

/** The path of a program that is the one that is wanted. */
function provide(): string {
  const dir = keepingDir();
  const path = dir === undefined ? undefined : join(dir, `${digest}.mjs`);
  if (path !== undefined && isKept(path)) return path;
  const program = receive();
  const told = `rsync-stream is not installed there: ${Math.ceil(Number(compressedSize) / 1000)} kB of it were sent`;
  if (path !== undefined && keep(program, path)) {
    try {
      removeOld(dir!);
    } catch {
      // Another run removes them.
    }
    say(`${told}, and kept as ${path}`);
    return path;
  }
  say(told);
  const passing = fs.mkdtempSync(join(tmpdir(), "rsync-stream-"));
  process.once("exit", () => fs.rmSync(passing, { recursive: true, force: true }));
  fs.writeFileSync(join(passing, "program.mjs"), program, { mode: 0o600 });
  return join(passing, "program.mjs");
}

function run(): void {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < oldestNodeMajor)
    throw new Error(`Node.js ${process.versions.node} is there, and ${oldestNodeMajor} or newer is needed`);
  const path = provide();
  process.argv.splice(1, process.argv.length, path, ...args);
  import(pathToFileURL(path).href).catch(fail);
}

function fail(thrown: unknown): void {
  say(`rsync-stream: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  process.exit(126);
}

try {
  run();
} catch (thrown) {
  fail(thrown);
}
