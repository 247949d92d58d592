import fs from "node:fs";
import { dirname } from "node:path";
import { SyncError, toSyncError } from "../errors.ts";
import { pathOf } from "./byte-path.node.ts";
import { errnoOf, reasonOf } from "./errno.node.ts";
import { fileInTheWay } from "./file-in-the-way.node.ts";

/** How often other processes may change what is on the way before nothing more is tried. */
const maxChangeCount = 100;
/** What the system says where a part of a path is missing or no directory. */
const errnosOfPath: readonly string[] = ["EEXIST", "ELOOP", "ENOENT", "ENOTDIR"];

/**
 * Makes a directory, and those around it, where they are not there. What another process removes
 * meanwhile is made again. Node's own call never ends where nothing can be made and the system says
 * ENOENT of that, as below /proc.
 *
 * @throws PATH with the path of what is in the place of one of them, NO_SPACE, IO
 */
export function makeDirs(path: string, mode?: number): void {
  for (let left = maxChangeCount; ; left--)
    try {
      return makeFromEnd(path, mode);
    } catch (thrown) {
      const inTheWay = isOfPath(thrown) ? fileInTheWay(path, thrown) : undefined;
      if (inTheWay) throw inTheWay;
      if (left === 0 || !isOfPath(thrown)) throw dirTrouble(thrown, path);
    }
}

function makeFromEnd(path: string, mode?: number): void {
  const make = (): void => makeUnlessThere(pathOf(path), mode);
  try {
    make();
  } catch (thrown) {
    if (errnoOf(thrown) !== "ENOENT" || dirname(path) === path) throw thrown;
    makeFromEnd(dirname(path), mode);
    make();
  }
}

function makeUnlessThere(path: string | Buffer, mode?: number): void {
  try {
    fs.mkdirSync(path, mode);
  } catch (thrown) {
    const isThere = errnoOf(thrown) === "EEXIST" ? leadsToDirectory(path) : isDirectory(path);
    if (!isThere) throw thrown;
  }
}

/** Throws what the system says where a link leads on, and not for want of a directory. */
function leadsToDirectory(path: string | Buffer): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (thrown) {
    if (isOfPath(thrown)) return false;
    throw thrown;
  }
}

function isDirectory(path: string | Buffer): boolean {
  try {
    return leadsToDirectory(path);
  } catch {
    return false;
  }
}

function isOfPath(thrown: unknown): boolean {
  return errnosOfPath.includes(errnoOf(thrown) ?? "");
}

function dirTrouble(cause: unknown, path: string): SyncError {
  return new SyncError(toSyncError(cause, "IO").code, reasonOf(cause), { cause, detail: { path } });
}
