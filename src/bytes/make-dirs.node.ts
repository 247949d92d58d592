import { lstatSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { SyncError, toSyncError } from "../errors.ts";
import { pathOf } from "./byte-path.node.ts";
import { errnoOf, reasonOf } from "./errno.node.ts";

/** A path as file calls take it, for one that is a text. */
type Native = (path: string) => string | Buffer;

/**
 * Makes a directory, and those around it, where they are not there.
 *
 * @throws PATH with the path of what is in the place of one of them, NO_SPACE, IO
 */
export function makeDirs(path: string, mode?: number): void {
  try {
    callMakingDirs(path, pathOf, mode);
  } catch (thrown) {
    throw dirTrouble(thrown, path);
  }
}

/**
 * The same, and throws what the system says. Node's own call never ends where nothing can be made
 * and the system says ENOENT of that, as below /proc.
 */
export function callMakingDirs(path: string, native: Native, mode?: number): void {
  const make = (): void => makeUnlessThere(native(path), mode);
  try {
    make();
  } catch (thrown) {
    if (errnoOf(thrown) !== "ENOENT" || dirname(path) === path) throw thrown;
    callMakingDirs(dirname(path), native, mode);
    make();
  }
}

function makeUnlessThere(path: string | Buffer, mode?: number): void {
  try {
    mkdirSync(path, mode);
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT" || !isDirectory(path)) throw thrown;
  }
}

function isDirectory(path: string | Buffer): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function dirTrouble(cause: unknown, path: string): SyncError {
  const found = whatIsThere(path);
  if (isDirectory(pathOf(found)))
    return new SyncError(toSyncError(cause, "IO").code, reasonOf(cause), { cause, detail: { path } });
  return new SyncError("PATH", "this is in the place of a directory: move it away, or name another place", {
    cause,
    detail: { path: found },
  });
}

/**
 * What there is of a path, from its end on; also a link that leads nowhere. A slash behind a name
 * asks for a directory: nothing else is found by it.
 */
function whatIsThere(path: string): string {
  let at = path.replace(/(?<=.)\/+$/, "");
  while (!isThere(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

function isThere(path: string): boolean {
  try {
    return lstatSync(pathOf(path), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // below a file
  }
}
