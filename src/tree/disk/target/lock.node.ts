import { ageText } from "../../../bytes/age-text.ts";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { closingAfter, closingOnFailure } from "../../../bytes/closing.ts";
import { SyncError } from "../../../errors.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import { isLocalDisk } from "../calls/disk-kind.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { printPlace, type DirNode } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { identityOf, isSameFile } from "../calls/identity.node.ts";
import { findLibc } from "../calls/libc.node.ts";
import { removeFile } from "../calls/remove-file.node.ts";
import { parseHolder, stateOf, thisHolder, type Holder } from "./lock-holder.node.ts";
import { changeFlags } from "../../../bytes/open-flags.node.ts";

/** A lock that is held. */
export interface Lock {
  /** Removes the lock file. What the system says to that is thrown. */
  release(): void;
}

/** Where a lock file is. */
interface Place {
  readonly held: HeldDirs;
  readonly dir: DirNode;
  readonly name: ByteString;
  /** What it is about, for messages. */
  readonly subject: string;
}

/** What is granted to who makes a lock file. */
export const lockLimits = Object.freeze({
  /**
   * Milliseconds that one without text is left to its maker, where the system cannot tell that
   * nobody holds it.
   */
  lockGraceMs: 10_000,
});
/** Rounds of taking over dead locks before somebody else is let through. */
const maxAttempts = 5;
/** What is read of a lock file. */
const maxTextBytes = 4096;

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = fs.constants;

/** What a file system says that has no hard links. */
const withoutLinks = ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "EMLINK"];

/**
 * Takes a lock file, from a holder that is dead when need be. Who holds it has a lock of the system
 * on it, where there is such a thing: it ends with the process, however that ends. Elsewhere the
 * text of the file decides.
 *
 * The file appears under its name complete and locked, and a dead one is replaced in one step, so
 * that a process that is killed meanwhile leaves nothing that looks alive. Files called as the
 * lock, with more behind a dot, are of such.
 *
 * @throws LOCKED when a living process holds it, or one of which that cannot be found out; PATH
 *   when something that is no file stands at its name
 */
export function takeLock(held: HeldDirs, dir: DirNode, name: ByteString, subject = "the destination"): Lock {
  const place = { held, dir, name, subject };
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const fd = tryToTake(place);
    if (fd !== undefined) return { release: () => release(place, fd) };
  }
  throw locked(place, { state: "running", holder: undefined, ageMs: 0 });
}

/** The handle of the lock that was taken; undefined when somebody else was quicker. */
function tryToTake(place: Place): number | undefined {
  const there = openThere(place);
  if (there === undefined) return create(place, link);
  const close = (): void => fs.closeSync(there);
  const fd = closingOnFailure(() => takeOver(place, there), close);
  if (fd === undefined) close();
  // Where that fails, nobody else would close what was taken.
  else closingOnFailure(close, () => fs.closeSync(fd));
  return fd;
}

/** Takes the lock from a holder that is dead. @throws LOCKED */
function takeOver(place: Place, there: number): number | undefined {
  const isOurs = lockInSystem(there);
  if (!isInPlace(place, there)) return undefined;
  const lock = examine(place, there, isOurs);
  if (lock.state !== "gone") throw locked(place, lock);
  // Without a lock of the system two may come here at once: only what was looked at is moved away.
  if (isOurs === undefined && !moveAway(place, there)) return undefined;
  return create(place, isOurs === undefined ? link : replace);
}

/** Opens the lock that is there, and nothing that a call could wait for. */
function openThere({ held, dir, name }: Place): number | undefined {
  const stats = held.look(dir, name);
  if (!stats) return undefined;
  if (stats.kind !== "file") throw noLock(dir, name);
  try {
    return held.open(dir, name, changeFlags);
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT")) return undefined;
    throw thrown;
  }
}

/** False when somebody else holds the file, undefined when the system does not lock it. */
function lockInSystem(fd: number): boolean | undefined {
  try {
    return findLibc()?.flock(fd);
  } catch {
    return undefined;
  }
}

/** A lock that is there. */
interface Found {
  readonly state: ReturnType<typeof stateOf>;
  readonly holder: Holder | undefined;
  readonly ageMs: number;
}

/** @param isOurs what the system said to locking it */
function examine({ held, dir }: Place, fd: number, isOurs: boolean | undefined): Found {
  const holder = parseHolder(readText(fd));
  const ageMs = Math.abs(Date.now() - lookAtHandle(fd).mtimeSec * 1000);
  if (isOurs === false) return { state: "running", holder, ageMs };
  const isFree = isOurs === true;
  if (!holder) return { state: isFree || ageMs > lockLimits.lockGraceMs ? "gone" : "running", holder, ageMs };
  const isLocal = (): boolean => isLocalDisk(held.pathTo(dir));
  return { state: stateOf(holder, { isFree, isLocal }), holder, ageMs };
}

/** Makes the lock under another name and lets it get its own. */
function create(place: Place, settle: (place: Place, made: ByteString) => boolean): number | undefined {
  const made = { ...place, name: newName(place.name) };
  const fd = make(made);
  let isSettled = false;
  const give = (): number | undefined => {
    fs.writeSync(fd, JSON.stringify(thisHolder(lockInSystem(fd) === true)));
    isSettled = settle(place, made.name);
    return isSettled ? fd : undefined;
  };
  return closingAfter(give, () => {
    removeRest(made);
    if (!isSettled) fs.closeSync(fd);
  });
}

function make({ held, dir, name }: Place): number {
  return held.open(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/** Gives the lock its name; false when a lock is there. */
function link(place: Place, made: ByteString): boolean {
  const { held, dir, name } = place;
  try {
    fs.linkSync(held.at(dir, made), held.at(dir, name));
    return true;
  } catch (thrown) {
    if (isErrno(thrown, ...withoutLinks)) return replaceEmpty(place, made);
    if (isErrno(thrown, "EEXIST")) return false;
    throw thrown;
  }
}

/** The same where a file cannot have two names: takes the name with an empty file first. */
function replaceEmpty(place: Place, made: ByteString): boolean {
  let fd: number;
  try {
    fd = make(place);
  } catch (thrown) {
    if (isErrno(thrown, "EEXIST")) return false;
    throw thrown;
  }
  return closingAfter(
    () => lockInSystem(fd) !== false && isInPlace(place, fd) && replace(place, made),
    () => fs.closeSync(fd),
  );
}

function replace({ held, dir, name }: Place, made: ByteString): boolean {
  held.rename(dir, made, dir, name);
  return true;
}

/** Moves a dead lock away; what turns out to be another one is put back. */
function moveAway(place: Place, fd: number): boolean {
  const { held, dir, name } = place;
  const away = { ...place, name: newName(name) };
  const move = (): boolean => {
    try {
      held.rename(dir, name, dir, away.name);
      if (!isInPlace(away, fd)) link(place, away.name);
      return isInPlace(away, fd);
    } catch (thrown) {
      if (isErrno(thrown, "ENOENT")) return false;
      throw thrown;
    }
  };
  return closingAfter(move, () => removeFile(away.held, away));
}

function release(place: Place, fd: number): void {
  closingAfter(
    () => {
      if (isInPlace(place, fd)) place.held.writeIn(place.dir, () => removeFile(place.held, place));
    },
    () => fs.closeSync(fd),
  );
}

/**
 * Removes a name that serves no more. Where that fails it is left to the next session: the lock is
 * what counts.
 */
function removeRest(place: Place): void {
  try {
    removeFile(place.held, place);
  } catch {
    // What keeps it there keeps the lock there in the end, and is told then.
  }
}

/** True when an open file still has the name. */
function isInPlace({ held, dir, name }: Place, fd: number): boolean {
  const now = held.look(dir, name);
  return now !== undefined && isSameFile(now, identityOf(fd));
}

function newName(name: ByteString): ByteString {
  return `${name}.${randomBytes(6).toString("hex")}`;
}

function readText(fd: number): string {
  const bytes = Buffer.alloc(maxTextBytes);
  return bytes.toString("utf8", 0, fs.readSync(fd, bytes, 0, bytes.length, 0));
}

function noLock(dir: DirNode, name: ByteString): SyncError {
  const path = printPlace(dir, name);
  return new SyncError("PATH", "something that is no file stands in the place of the lock: remove it", {
    detail: { path },
  });
}

function locked({ dir, name, subject }: Place, { holder, state, ageMs }: Found): SyncError {
  const path = printPlace(dir, name);
  const by = holder
    ? `process ${holder.pid} on ${holder.host} since ${holder.since} (${ageText(ageMs)} ago)`
    : "another process";
  const message =
    state === "unknown"
      ? `${subject} is locked by ${by}, and nothing here tells whether that still runs: if not, remove ${path}`
      : `${subject} is being written by ${by}`;
  return new SyncError("LOCKED", message, { detail: { path } });
}
