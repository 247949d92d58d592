import fs from "node:fs";
import { pathOf } from "./byte-path.node.ts";

/**
 * Removes the lock that a process which was killed has left at an SQLite file: an empty directory.
 * What anybody else keeps under that name stays.
 */
export function removeOldLock(path: string): void {
  try {
    fs.rmdirSync(pathOf(`${path}.lock`));
  } catch {
    // There is none, or it is something else.
  }
}
