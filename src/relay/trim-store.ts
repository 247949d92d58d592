import type { ChunkId } from "../chunk/chunk.ts";
import { idOfKey, keyOf } from "../chunk/id-key.ts";
import type { Store } from "../store/store.ts";
import type { AbortOptions } from "../types.ts";

/** Which chunks may be removed from a store, and in what order. */
export interface Trimming extends AbortOptions {
  /** Bytes of chunks that may stay. */
  readonly limitBytes: number;
  /** True for a chunk that has to stay, by its key; asked again before the chunk is removed. */
  readonly isNeeded: (key: string) => boolean;
  /** Chunks by their keys, the oldest first; those of earlier runs are not among them. */
  readonly known: ReadonlyMap<string, unknown>;
  readonly remove: (id: ChunkId) => Promise<void>;
}

/**
 * Removes chunks that nobody needs until no more than a number of bytes is stored: those of earlier
 * runs first, then the oldest. Memory: some 150 bytes for each chunk that nobody needs.
 *
 * @returns the bytes that stay
 * @throws the signal's reason, IO
 */
export async function trimStore(
  store: Store,
  { limitBytes, isNeeded, known, remove, signal }: Trimming,
): Promise<number> {
  let bytes = 0;
  const spare = new Map<string, number>();
  for await (const { id, size } of store.list(signal && { signal })) {
    const key = keyOf(id);
    bytes += size;
    if (!isNeeded(key)) spare.set(key, size);
  }
  if (bytes <= limitBytes) return bytes;
  const earlier = [...spare.keys()].filter((key) => !known.has(key));
  const later = [...known.keys()].filter((key) => spare.has(key));
  for (const key of [...earlier, ...later]) {
    if (bytes <= limitBytes) break;
    signal?.throwIfAborted();
    if (isNeeded(key)) continue;
    await remove(idOfKey(key));
    bytes -= spare.get(key)!;
  }
  return bytes;
}
