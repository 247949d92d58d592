import fs from "node:fs";
import os from "node:os";
import { SyncError } from "../errors.ts";
import type { NativePath } from "./byte-string.node.ts";
import { isErrno } from "./file-trouble.node.ts";

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, as the system counts it: tells it from a later one of the same number. */
  readonly started: string;
  readonly since: string;
}

/** A lock file that no process has filled yet is left to its maker for this long. */
const graceMs = 10_000;
/** Rounds of taking over dead locks before somebody else is let through. */
const maxAttempts = 5;

/**
 * Takes a lock file, from a holder that is dead when need be. Release it by removing the file.
 *
 * @param pathOf the path of a name in the lock's directory
 * @throws LOCKED when a living process, or one on another host, holds it
 */
export function takeLock(pathOf: (name: string) => NativePath): void {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    if (createLock(pathOf("lock"))) return;
    const held = readLock(pathOf("lock"));
    if (held === undefined) continue;
    if (isAlive(held)) throw locked(held.text);
    removeDead(pathOf, held.text);
  }
  throw locked("");
}

function createLock(path: NativePath): boolean {
  let fd: number;
  try {
    fd = fs.openSync(path, "wx", 0o600);
  } catch (thrown) {
    if (isErrno(thrown, "EEXIST")) return false;
    throw thrown;
  }
  const { pid } = process;
  const holder: Holder = {
    pid,
    host: os.hostname(),
    started: startOf(pid) ?? "",
    since: new Date().toISOString(),
  };
  try {
    fs.writeSync(fd, JSON.stringify(holder));
  } finally {
    fs.closeSync(fd);
  }
  return true;
}

interface Lock {
  readonly text: string;
  readonly ageMs: number;
}

function readLock(path: NativePath): Lock | undefined {
  try {
    const ageMs = Date.now() - fs.lstatSync(path).mtimeMs;
    return { text: fs.readFileSync(path, "utf8"), ageMs };
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT")) return undefined;
    throw thrown;
  }
}

/** Moves a dead holder's lock away first: if it turns out to be a new one, it is put back. */
function removeDead(pathOf: (name: string) => NativePath, text: string): void {
  const away = pathOf(`lock.${process.pid}`);
  try {
    fs.renameSync(pathOf("lock"), away);
    if (fs.readFileSync(away, "utf8") !== text) {
      fs.linkSync(away, pathOf("lock"));
      fs.unlinkSync(away);
      throw locked("");
    }
    fs.unlinkSync(away);
  } catch (thrown) {
    if (!isErrno(thrown, "ENOENT")) throw thrown;
  }
}

function isAlive({ text, ageMs }: Lock): boolean {
  const holder = parseHolder(text);
  if (!holder) return ageMs < graceMs;
  if (holder.host !== os.hostname()) return true;
  const started = startOf(holder.pid);
  if (started !== undefined) return started === holder.started;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (thrown) {
    return !isErrno(thrown, "ESRCH");
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    return Number.isSafeInteger(holder?.pid) && typeof holder?.host === "string"
      ? (holder as Holder)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Field 22 of proc(5) stat, counted behind the name in brackets, which may hold anything. */
function startOf(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function locked(text: string): SyncError {
  const holder = parseHolder(text);
  const by = holder ? `process ${holder.pid} on ${holder.host} since ${holder.since}` : "another process";
  return new SyncError("LOCKED", `the destination is being written by ${by}`);
}
