import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { SyncError, isSyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import { notFound } from "./key.ts";
import { createPin } from "./pin.ts";
import type { Pin, Store } from "./store.ts";

/** How `tieredStore` uses its caches. */
export interface TieredStoreOptions {
  /** False to leave the faster tiers as they are when a slower one had the chunk. Default true. */
  readonly fill?: boolean;
}

/**
 * Several stores as one, the fastest first. The last one keeps: what is put is put there; the
 * others are caches of it, filled on the way, and a cache that fails or is damaged is only passed
 * over.
 *
 * @param tiers they belong to the new store, which closes them
 * @throws USAGE when there is none
 */
export function tieredStore(tiers: readonly Store[], { fill = true }: TieredStoreOptions = {}): Store {
  const keeper = tiers.at(-1);
  if (!keeper) throw new SyncError("USAGE", "a tiered store needs at least one store");
  const caches = tiers.slice(0, -1);

  async function offer(
    caches: readonly Store[],
    chunk: Chunk,
    options: AbortOptions | undefined,
  ): Promise<void> {
    // A cache that is full or broken must not fail the call that has its chunk already.
    await Promise.allSettled(caches.map((cache) => cache.put(chunk, options)));
  }

  const store: Store = {
    async get(id, options) {
      let trouble: unknown;
      for (const [index, tier] of tiers.entries()) {
        try {
          const chunk = await tier.get(id, options);
          if (fill) await offer(tiers.slice(0, index), chunk, options);
          return chunk;
        } catch (error) {
          options?.signal?.throwIfAborted();
          if (!isSyncError(error, "NOT_FOUND")) trouble ??= error;
        }
      }
      throw trouble ?? notFound(id);
    },
    async put(chunk, options) {
      await keeper.put(chunk, options);
      await offer(caches, chunk, options);
    },
    async has(id, options) {
      for (const tier of tiers) if (await tier.has(id, options)) return true;
      return false;
    },
    async delete(id, options) {
      for (const tier of tiers) await tier.delete(id, options);
    },
    async *list(options) {
      // From the last to the first: a chunk that is cached meanwhile has been told of already.
      for (const [index, tier] of [...tiers.entries()].reverse()) {
        for await (const info of tier.list(options)) {
          if (!(await isInAny(tiers.slice(index + 1), info.id, options))) yield info;
        }
      }
    },
    async pin(id, options) {
      const pins: Pin[] = [];
      const all = createPin(() => pins.forEach((pin) => pin.release()));
      try {
        for (const tier of tiers) {
          const pin = await tier.pin(id, options);
          if (pin) pins.push(pin);
        }
      } catch (error) {
        all.release();
        throw error;
      }
      return pins.length > 0 ? all : undefined;
    },
    async close() {
      await Promise.all(tiers.map((tier) => tier.close()));
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

async function isInAny(
  stores: readonly Store[],
  id: ChunkId,
  options: AbortOptions | undefined,
): Promise<boolean> {
  for (const store of stores) if (await store.has(id, options)) return true;
  return false;
}
