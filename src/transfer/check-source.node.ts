import { lstatSync } from "node:fs";
import { pathOf } from "../bytes/byte-path.node.ts";
import { nothingAt } from "../errors.ts";
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
