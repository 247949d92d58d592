import { override } from "../bytes/override.ts";
import { abortable } from "../bytes/abort.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { chunkOf } from "../chunk/verify.ts";
import { SyncError, isSyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import { keyOf } from "./key.ts";
import type { Store } from "./store.ts";

/** A store whose `get` waits for what is still to come. */
export interface AwaitedStore extends Store {
  /** Calls of `get` that are waiting now. */
  readonly waitingCount: number;
  /**
   * Says that no more chunks will come: who waits, and who asks from now on for a chunk that is not
   * there, gets this error instead. Only the first call counts.
   */
  end(reason: SyncError): void;
}

interface Waiter {
  readonly key: string;
  readonly arrival: Promise<Chunk>;
  resolve(chunk: Chunk): void;
  reject(reason: SyncError): void;
}

/**
 * Lets readers ask for chunks that are still on their way into a store, as a relay does: `get`
 * answers when the chunk is put - it does not poll - or rejects when its signal is aborted. Chunks
 * have to be put through this store to be noticed. `get` of the empty chunk never waits.
 *
 * @param store it belongs to the new store, which closes it
 */
export function awaitedStore(store: Store): AwaitedStore {
  const waiting = new Map<string, Set<Waiter>>();
  const emptyChunk = chunkOf(new Uint8Array());
  const emptyKey = keyOf(emptyChunk.id);
  let waitingCount = 0;
  let ended: SyncError | undefined;

  function enlist(key: string): Waiter {
    const waiter = createWaiter(key);
    const others = waiting.get(key);
    if (others) others.add(waiter);
    else waiting.set(key, new Set([waiter]));
    waitingCount++;
    return waiter;
  }

  function leave(waiter: Waiter): void {
    const others = waiting.get(waiter.key);
    others?.delete(waiter);
    if (others?.size === 0) waiting.delete(waiter.key);
    waitingCount--;
  }

  async function lookUp(id: ChunkId, options: AbortOptions | undefined): Promise<Chunk | undefined> {
    try {
      return await store.get(id, options);
    } catch (error) {
      if (isSyncError(error, "NOT_FOUND")) return undefined;
      throw error;
    }
  }

  async function waitFor(id: ChunkId, key: string, options: AbortOptions | undefined): Promise<Chunk> {
    const waiter = enlist(key);
    try {
      // It may have been put after the first look and before there was a waiter.
      return (await lookUp(id, options)) ?? (await abortable(waiter.arrival, options?.signal));
    } finally {
      leave(waiter);
    }
  }

  const awaited: AwaitedStore = override(store, {
    get waitingCount() {
      return waitingCount;
    },
    async get(id, options) {
      options?.signal?.throwIfAborted();
      const key = keyOf(id);
      if (key === emptyKey) return emptyChunk;
      const found = await lookUp(id, options);
      if (found) return found;
      if (ended) throw ended;
      return waitFor(id, key, options);
    },
    async put(chunk, options) {
      await store.put(chunk, options);
      for (const waiter of waiting.get(keyOf(chunk.id)) ?? []) waiter.resolve(chunk);
    },
    end(reason: SyncError) {
      ended ??= reason;
      for (const waiters of waiting.values()) for (const waiter of waiters) waiter.reject(ended);
    },
    async close() {
      awaited.end(new SyncError("STATE", "the store is closed"));
      await store.close();
    },
    [Symbol.asyncDispose]: () => awaited.close(),
  });
  return awaited;
}

function createWaiter(key: string): Waiter {
  let settle: Pick<Waiter, "resolve" | "reject"> | undefined;
  const arrival = new Promise<Chunk>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Rejected while its reader is busy looking once more, it has nobody to catch it yet.
  arrival.catch(() => {});
  return { key, arrival, ...settle! };
}
