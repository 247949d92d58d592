import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** One file of a made tree. */
export interface MadeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** When it was changed last, in seconds since 1970. */
  readonly seconds: number;
}

/**
 * Writes files with their times. Directories get the time that is given for them, so that a tree is
 * the same whenever it is made.
 */
export function writeFiles(folder: string, files: readonly MadeFile[], folderSeconds: number): void {
  const folders = new Set([folder]);
  mkdirSync(folder, { recursive: true });
  for (const { path, bytes, seconds } of files) {
    const place = join(folder, path);
    for (let at = dirname(place); !folders.has(at); at = dirname(at)) folders.add(at);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
    utimesSync(place, seconds, seconds);
  }
  for (const each of folders) utimesSync(each, folderSeconds, folderSeconds);
}
