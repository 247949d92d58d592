import type { ChunkId } from "../chunk/chunk.ts";
import { type SyncError, isSyncError } from "../errors.ts";
import type { ChunkReader, ChunkWriter } from "../store/store.ts";
import type { AbortOptions } from "../types.ts";
import { inOrder } from "./in-order.ts";

/** A chunk that a store has, not looked into. */
export interface KeptChunk {
  readonly id: ChunkId;
  /** When it was written, in milliseconds since 1970. */
  readonly writtenMs: number;
}

/** A chunk that is put anew is dated anew, unless it is younger. */
export const renewMs = 3_600_000;

/** A store of casync or desync that can be looked after: it tells what it has, and loses it. */
export interface KeptChunks extends ChunkWriter {
  /** All chunks in the form of this store, in no particular order. */
  kept(options?: AbortOptions): AsyncIterable<KeptChunk>;
  /** Removes a chunk; to remove one that is not there does nothing. */
  delete(id: ChunkId, options?: AbortOptions): Promise<void>;
  /**
   * Removes what writers left behind that ended `olderThanMs` ago or earlier; returns how many
   * files.
   */
  sweep(olderThanMs: number, options?: AbortOptions): Promise<number>;
}

/** A chunk of a store, and what was found out about it. */
export interface CheckedChunk {
  readonly id: ChunkId;
  /** Why it cannot be used; undefined for one that can. */
  readonly trouble?: SyncError;
}

/** Reads every chunk of a store, in no particular order, and tells about each. */
export async function* verifyKept(
  store: KeptChunks,
  { jobCount = 32, signal }: AbortOptions & { readonly jobCount?: number } = {},
): AsyncGenerator<CheckedChunk> {
  const options = signal && { signal };
  const checked = inOrder(store.kept(options), { count: jobCount }, async ({ id }) => ({
    id,
    trouble: await troubleOf(store, id, options),
  }));
  for await (const { id, trouble } of checked)
    if (!isSyncError(trouble, "NOT_FOUND")) yield trouble ? { id, trouble } : { id };
}

async function troubleOf(
  store: ChunkReader,
  id: ChunkId,
  options: AbortOptions | undefined,
): Promise<SyncError | undefined> {
  try {
    await store.get(id, options);
    return undefined;
  } catch (thrown) {
    options?.signal?.throwIfAborted();
    if (!isSyncError(thrown)) throw thrown;
    return thrown;
  }
}
