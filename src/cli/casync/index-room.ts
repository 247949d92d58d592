import { checkRoom, roomOf } from "../../casync/blob-room.node.ts";
import { toSyncError, withPath } from "../../errors.ts";
import { type IndexFileOptions, openIndex } from "./index-file.ts";
import { totalOfIndex } from "./index-total.ts";

/**
 * Checks, before anything is written, that what an index in a file is of can be held. The index is
 * read for it only where its last chunk ends beyond the room. Of one that comes from elsewhere
 * nothing is known before.
 *
 * @param fd of the file that is going to be filled
 * @param path of that file, for messages
 * @throws NO_SPACE, and what the index throws
 */
export async function checkRoomFor(
  place: string,
  fd: number,
  path: string,
  options: IndexFileOptions,
): Promise<void> {
  const roomBytes = roomOf(fd);
  if (roomBytes === undefined || (totalOfIndex(place) ?? 0) <= roomBytes) return;
  const index = await openIndex(place, options);
  try {
    await checkRoom(index, roomBytes);
  } catch (thrown) {
    throw withPath(toSyncError(thrown), path);
  }
}
