import { lstatSync } from "node:fs";
import { pathOf } from "../bytes/byte-text.node.ts";
import { SyncError } from "../errors.ts";
import { isErrno } from "../tree/disk/calls/file-trouble.node.ts";

/**
 * Looks whether there is something to send, before anything is started for it.
 *
 * @throws NOT_FOUND when nothing is there
 */
export function checkSource(place: string): void {
  try {
    lstatSync(pathOf(place));
  } catch (cause) {
    if (isErrno(cause, "ENOENT")) throw nothingAt(place, cause);
    // What else is wrong is found, and told, when the place is opened.
  }
}

/** What is thrown for a place where nothing is. */
export function nothingAt(place: string, cause: unknown): SyncError {
  return new SyncError("NOT_FOUND", "no such file or directory", { cause, detail: { path: place } });
}
