import { isSyncError } from "../errors.ts";
import type { ChunkReader } from "../store/store.ts";
import type { Bytes } from "../types.ts";
import type { ChunkCoding } from "./chunk-coding.ts";
import type { CastrStore } from "./castr.node.ts";

/** A store that may know chunks in the very form that is asked for. */
type MayHaveStored = ChunkReader & Partial<Pick<CastrStore, "stored">>;

/**
 * A chunk in a coding, as it lies in the store where that has the same, otherwise made anew;
 * undefined when it is missing.
 *
 * @throws what the store throws for one that cannot be read
 */
export async function storedChunk(
  store: MayHaveStored,
  id: Bytes,
  coding: ChunkCoding,
): Promise<Bytes | undefined> {
  try {
    return store.stored?.(id, coding) ?? coding.encode((await store.get(id)).bytes);
  } catch (thrown) {
    if (isSyncError(thrown, "NOT_FOUND")) return undefined;
    throw thrown;
  }
}
