import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { indexItemBytes, indexTailBytes } from "../../casync/index-header.ts";
import { readSize, viewOf } from "../../casync/words.ts";

/**
 * How long the blob of an index in a file says to be, by its last chunk; undefined where that
 * cannot be seen beforehand. Whether the index is right is found when it is read.
 */
export function blobBytesOf(place: string): number | undefined {
  return atEndOf(place, (fd, fileBytes) => {
    const item = new Uint8Array(indexItemBytes);
    const at = fileBytes - indexTailBytes - indexItemBytes;
    if (at < 0 || readSync(fd, item, 0, item.length, at) < item.length) return undefined;
    return readSize(viewOf(item), 0);
  });
}

/** How long a file is; undefined for what is no file. */
export function fileBytesOf(path: string): number | undefined {
  return atEndOf(path, (_, fileBytes) => fileBytes);
}

function atEndOf(
  path: string,
  look: (fd: number, fileBytes: number) => number | undefined,
): number | undefined {
  try {
    const fd = openSync(path, "r");
    try {
      const stat = fstatSync(fd);
      return stat.isFile() ? look(fd, stat.size) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
