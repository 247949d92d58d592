import fs from "node:fs";
import { terminate, type ByteString, type NativePath } from "./byte-string.node.ts";
import { maxNameBytes } from "../../entry/entry-order.ts";
import { findLibc } from "./libc.node.ts";

/**
 * A name in a directory that is held open, and its path for where the C library cannot be called.
 */
export interface NameAt {
  readonly dirFd: number;
  readonly name: ByteString;
  path(): NativePath;
}

/** Deno takes only the handles that it opened itself. */
export const takesForeignHandles = process.versions["deno"] === undefined;

const O_CLOEXEC = 0o2000000;

const from = Buffer.alloc(maxNameBytes + 1);
const to = Buffer.alloc(maxNameBytes + 1);

/**
 * Opens a name in a directory. Straight through the directory's handle it takes half the time of a
 * path that leads through /proc, and leads to the same place.
 */
export function openAt(at: NameAt, flags: number, mode: number): number {
  const { dirFd, name } = at;
  const openat = takesForeignHandles ? findLibc()?.openat : undefined;
  if (!openat || name.length > maxNameBytes) return fs.openSync(at.path(), flags, mode);
  return openat(dirFd, terminate(from, name), flags | O_CLOEXEC, mode);
}

/** Gives a file another name, which may be in another directory of the same file system. */
export function renameAt(old: NameAt, now: NameAt): void {
  const renameat = findLibc()?.renameat;
  if (!renameat || Math.max(old.name.length, now.name.length) > maxNameBytes) {
    fs.renameSync(old.path(), now.path());
  } else {
    renameat(old.dirFd, terminate(from, old.name), now.dirFd, terminate(to, now.name));
  }
}

/**
 * Changes two names of one file system over in one step. Returns false, and nothing is done, where
 * that cannot be done.
 */
export function exchangeAt(one: NameAt, other: NameAt): boolean {
  const exchangeat = findLibc()?.exchangeat;
  if (!exchangeat || Math.max(one.name.length, other.name.length) > maxNameBytes) return false;
  return exchangeat(one.dirFd, terminate(from, one.name), other.dirFd, terminate(to, other.name));
}

/**
 * Sets the times of a name, of the link itself when it is one, as utimensat(2) takes them. Returns
 * false, and nothing is done, where the C library cannot be called.
 */
export function setTimesAt({ dirFd, name }: NameAt, times: BigInt64Array): boolean {
  const libc = findLibc();
  if (!libc || name.length > maxNameBytes) return false;
  libc.utimensat(dirFd, terminate(from, name), times);
  return true;
}
