import { pathOf } from "../bytes/byte-text.node.ts";
import { isSyncError, SyncError } from "../errors.ts";
import { type DirSource, openTreeSource, type TreeSourceOptions } from "../tree/disk/source.node.ts";

/** Opens what a command was told to send. @throws NOT_FOUND when nothing is there */
export async function openSource(place: string, options: TreeSourceOptions = {}): Promise<DirSource> {
  try {
    return await openTreeSource(pathOf(place), options);
  } catch (cause) {
    if (!isSyncError(cause, "VANISHED")) throw cause;
    throw new SyncError("NOT_FOUND", "no such file or directory", { cause, detail: { path: place } });
  }
}
