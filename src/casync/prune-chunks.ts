import type { IdSet } from "../bytes/id-set.ts";
import type { AbortOptions } from "../types.ts";
import { inAnyOrder } from "../bytes/in-any-order.ts";
import type { KeptChunk, KeptChunks } from "./kept-chunks.ts";

/** Chunks that are removed at a time. */
const removalCount = 10;

export interface PruneChunksOptions extends AbortOptions {
  /** Chunks and leftovers that were written later stay: their index may not be there yet. */
  readonly youngestMs: number;
  readonly isDry: boolean;
  /** Called before each removal; nothing is removed any more when it throws. */
  readonly check?: () => void;
}

/** How many chunks went, and how many stayed. */
export interface PrunedCounts {
  readonly removed: number;
  readonly kept: number;
  /** Those of the kept ones that stay for their age alone. */
  readonly young: number;
}

/** Removes the chunks of a store that are not named, and what killed writers left behind. */
export async function pruneChunks(
  store: KeptChunks,
  named: IdSet,
  { youngestMs, isDry, check, signal }: PruneChunksOptions,
): Promise<PrunedCounts> {
  const options = signal && { signal };
  let [removed, kept, young] = [0, 0, 0];
  const look = async ({ id, writtenMs }: KeptChunk): Promise<void> => {
    const isNamed = named.has(id);
    if (isNamed || writtenMs > youngestMs) {
      kept++;
      if (!isNamed) young++;
      return;
    }
    removed++;
    check?.();
    if (!isDry) await store.delete(id, options);
  };
  await inAnyOrder(store.kept(options), { count: removalCount }, look);
  check?.();
  if (!isDry) await store.sweep(Date.now() - youngestMs, options);
  return { removed, kept, young };
}
