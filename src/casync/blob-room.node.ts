import { fstatSync, statfsSync } from "node:fs";
import { keyOf } from "../chunk/id-key.ts";
import { SyncError } from "../errors.ts";
import { mayShareBlocks } from "../tree/disk/calls/disk-kind.node.ts";
import { digestOfIndex } from "./index-header.ts";
import { eachChunk, type IndexReading } from "./index-reader.ts";

/**
 * The bytes that a file can hold: those that it takes now, and those that are free around it.
 * Undefined for a device, and where files may have blocks in common, so that content may take no
 * room.
 *
 * @param fd of the file
 */
export function roomOf(fd: number): number | undefined {
  const stat = fstatSync(fd);
  if (!stat.isFile() || mayShareBlocks(fd)) return undefined;
  const { bsize, bavail, bfree } = statfsSync(`/proc/self/fd/${fd}`);
  return 512 * stat.blocks + bsize * (process.geteuid?.() === 0 ? bfree : bavail);
}

/**
 * Checks that what an index is of can be held. Chunks that `extractBlob` leaves as holes take
 * nothing. The index is closed behind it.
 *
 * @throws NO_SPACE, and what the index throws
 */
export async function checkRoom(index: IndexReading, roomBytes: number): Promise<void> {
  const { maxBytes } = index.sizes;
  const holeKey = digestOfIndex(index).keyOf(new Uint8Array(maxBytes));
  let neededBytes = 0;
  for await (const { id, size } of eachChunk(index)) {
    if (size < maxBytes || keyOf(id) !== holeKey) neededBytes += size;
  }
  if (neededBytes <= roomBytes) return;
  throw new SyncError(
    "NO_SPACE",
    `there is room for ${roomBytes} bytes, and what the index is of takes ${neededBytes}`,
    { detail: { limit: roomBytes, actual: neededBytes } },
  );
}
