import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { toSyncError } from "../errors.ts";
import { pathOf } from "./byte-path.node.ts";
import { doQuietly } from "./closing.ts";

/** Bytes that are tried beside a file, at once and in all: more than what failed gave back. */
const [stepBytes, triedBytes] = [1_048_576, 16_777_216];
/** Files that are tried there: SQLite has given back a journal and a lock. */
const triedFileCount = 4;

/**
 * True for what SQLite says where there is no room: that a file is full, or only that it could not
 * be opened or an operation of the disk failed. By then it took back what it had written, so that
 * there may be some room again.
 *
 * @param path of its file
 */
export function tellsFullDisk(message: string, path: string): boolean {
  return (
    /full/.test(message) || (/disk I\/O|(?:could not|unable to) open/i.test(message) && !hasRoomBeside(path))
  );
}

/**
 * Tries it with files that have no names: what a quota or another limit leaves is told by nothing
 * else.
 */
function hasRoomBeside(path: string): boolean {
  const fds: number[] = [];
  try {
    while (fds.length < triedFileCount) {
      const place = pathOf(`${path}.${randomUUID()}`);
      fds.push(fs.openSync(place, "wx", 0o600));
      fs.unlinkSync(place);
    }
    for (let bytes = 0; bytes < triedBytes;) bytes += fs.writeSync(fds[0]!, new Uint8Array(stepBytes));
    fs.fsyncSync(fds[0]!);
    return true;
  } catch (thrown) {
    return toSyncError(thrown, "IO").code !== "NO_SPACE";
  } finally {
    for (const fd of fds) doQuietly(() => fs.closeSync(fd));
  }
}
