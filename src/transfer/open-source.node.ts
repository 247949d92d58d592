import { pathOf } from "../bytes/byte-text.node.ts";
import { isSyncError } from "../errors.ts";
import { type DirSource, openTreeSource, type TreeSourceOptions } from "../tree/disk/source/source.node.ts";
import { nothingAt } from "./check-source.node.ts";

/** Opens what is to be sent. @throws NOT_FOUND when nothing is there, IO, UNSUPPORTED */
export async function openSource(place: string, options: TreeSourceOptions = {}): Promise<DirSource> {
  try {
    return await openTreeSource(pathOf(place), options);
  } catch (thrown) {
    throw isSyncError(thrown, "VANISHED") ? nothingAt(place, thrown) : thrown;
  }
}
