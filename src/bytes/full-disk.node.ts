import fs from "node:fs";
import { dirname } from "node:path";
import { pathOf } from "./byte-path.node.ts";

/**
 * True for what SQLite says where there is no room: it calls a file full, or only that an operation
 * of the disk failed.
 *
 * @param path of its file
 */
export function tellsFullDisk(message: string, path: string): boolean {
  if (/full/.test(message)) return true;
  if (!/disk I\/O/.test(message)) return false;
  try {
    return fs.statfsSync(pathOf(dirname(path))).bavail === 0;
  } catch {
    return false;
  }
}
