import { isSyncError } from "../errors.ts";
import type { ChunkReader } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import type { ChunkCoding } from "./chunk-coding.ts";

/** A store that has chunks in a form. */
export interface StoredChunks {
  /**
   * A chunk as it lies in the store, when that is in this form; undefined otherwise. Nobody has
   * verified it: that is for the reader.
   *
   * @throws NOT_FOUND, IO
   */
  stored(id: ChunkId, form: ChunkCoding): Bytes | undefined;
}

/**
 * A chunk in a coding, as it lies in the store where that has the same, otherwise made anew;
 * undefined when it is missing.
 *
 * @throws what the store throws for one that cannot be read
 */
export async function storedChunk(
  store: ChunkReader & Partial<StoredChunks>,
  id: Bytes,
  coding: ChunkCoding,
  options?: AbortOptions,
): Promise<Bytes | undefined> {
  try {
    return store.stored?.(id, coding) ?? coding.encode((await store.get(id, options)).bytes);
  } catch (thrown) {
    if (isSyncError(thrown, "NOT_FOUND")) return undefined;
    throw thrown;
  }
}
