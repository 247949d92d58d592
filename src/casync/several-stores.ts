import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { keyOf } from "../chunk/id-key.ts";
import { SyncError, isSyncError } from "../errors.ts";
import { notFound } from "../store/key.ts";
import type { ChunkReader, ChunkWriter, Store } from "../store/store.ts";
import type { AbortOptions } from "../types.ts";

type Options = AbortOptions | undefined;

/**
 * Several stores, asked one after another. One that fails is passed over, whatever its failure;
 * what failed first is thrown when none has the chunk.
 *
 * @param stores they belong to the new one, which closes them
 */
export function severalStores(stores: readonly ChunkReader[]): ChunkReader {
  return readerOf(stores, {
    async get(id, options) {
      let trouble: unknown;
      for (const store of stores) {
        try {
          return await store.get(id, options);
        } catch (thrown) {
          options?.signal?.throwIfAborted();
          if (!isSyncError(thrown, "NOT_FOUND")) trouble ??= thrown;
        }
      }
      throw trouble ?? notFound(id);
    },
    async has(id, options) {
      for (const store of stores) if (await store.has(id, options)) return true;
      return false;
    },
  });
}

/**
 * Stores that hold the same: one of them is asked until it fails, then the next, round and round. A
 * chunk that one does not have is not looked for in the others.
 *
 * @param stores they belong to the new one, which closes them
 */
export function failoverGroup(stores: readonly ChunkReader[]): ChunkReader {
  let chosen = 0;
  async function ask<Result>(
    call: (store: ChunkReader) => Promise<Result>,
    options: Options,
  ): Promise<Result> {
    let trouble: unknown;
    for (let i = 0; i < stores.length; i++) {
      const asked = chosen;
      try {
        return await call(stores[asked]!);
      } catch (thrown) {
        options?.signal?.throwIfAborted();
        if (isSyncError(thrown, "NOT_FOUND")) throw thrown;
        trouble ??= thrown;
        // Another request may have gone on already.
        if (chosen === asked) chosen = (asked + 1) % stores.length;
      }
    }
    throw trouble ?? new SyncError("USAGE", "a group of stores is empty");
  }
  return readerOf(stores, {
    get: (id, options) => ask((store) => store.get(id, options), options),
    has: (id, options) => ask((store) => store.has(id, options), options),
  });
}

/**
 * A store with a faster one before it, which is filled on the way. A damaged chunk of the cache is
 * fetched again and replaced, and a cache that cannot be written to is no failure.
 *
 * @param store and `cache` belong to the new one, which closes them
 * @param repairs false to fail at a damaged chunk of the cache
 */
export function cachedStore(
  store: ChunkReader,
  cache: ChunkWriter & Partial<Pick<Store, "delete">>,
  repairs = true,
): ChunkReader {
  return readerOf([cache, store], {
    async get(id, options) {
      try {
        return await cache.get(id, options);
      } catch (thrown) {
        options?.signal?.throwIfAborted();
        const isDamaged = isSyncError(thrown, "CORRUPT");
        if (isDamaged && !repairs) throw thrown;
        const chunk = await store.get(id, options);
        if (isDamaged) await cache.delete?.(id, options).catch(() => {});
        await cache.put(chunk, options).catch(() => {});
        return chunk;
      }
    },
    async has(id, options) {
      return (await cache.has(id, options)) || (await store.has(id, options));
    },
  });
}

/** A store of which one chunk is fetched once however many ask for it at one time. */
export function mergedReads(store: ChunkReader): ChunkReader {
  const underWay = new Map<string, Promise<Chunk>>();
  return readerOf([store], {
    get(id) {
      const key = keyOf(id);
      const before = underWay.get(key);
      if (before) return before;
      // One who asks may go away; the others still want the chunk.
      const fetched = store.get(id).finally(() => underWay.delete(key));
      underWay.set(key, fetched);
      return fetched;
    },
    has: (id, options) => store.has(id, options),
  });
}

function readerOf(
  closed: readonly ChunkReader[],
  methods: {
    get(id: ChunkId, options?: AbortOptions): Promise<Chunk>;
    has(id: ChunkId, options?: AbortOptions): Promise<boolean>;
  },
): ChunkReader {
  const close = async (): Promise<void> => {
    await Promise.all(closed.map((store) => store.close()));
  };
  return { ...methods, close, [Symbol.asyncDispose]: close };
}
