import type { Chunk } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { Gate } from "./gate.ts";
import { keyOf, locked, notFound } from "./key.ts";
import { LruList } from "./lru-list.ts";
import type { LruLinks } from "./lru-list.ts";
import { createPin } from "./pin.ts";
import { checkCapacity } from "./quota.ts";
import type { Store } from "./store.ts";

/**
 * Bytes that a chunk is charged besides its content, so that many small chunks have their price
 * too.
 */
export const chunkChargeBytes = 112;

/** How much `memoryStore` keeps. */
export interface MemoryStoreOptions {
  /** Bytes, 112 more than its content for each chunk. Without it nothing is ever evicted. */
  readonly capacityBytes?: number;
}

interface Entry extends LruLinks<Entry> {
  readonly chunk: Chunk;
  readonly chargeBytes: number;
  pinCount: number;
}

/**
 * Keeps chunks in memory, in any runtime.
 *
 * With a capacity, chunks that nobody has pinned make room for new ones, the longest unused first.
 * A chunk that would not fit even then is refused with NO_SPACE and evicts nothing.
 *
 * @throws USAGE when the capacity is not a number of bytes
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  checkCapacity(capacityBytes);
  const gate = new Gate();
  const entries = new Map<string, Entry>();
  const idle = new LruList<Entry>();
  let usedBytes = 0;
  let pinnedBytes = 0;

  function touch(entry: Entry): void {
    if (entry.pinCount > 0) return;
    idle.remove(entry);
    idle.append(entry);
  }

  function drop(key: string, entry: Entry): void {
    idle.remove(entry);
    entries.delete(key);
    usedBytes -= entry.chargeBytes;
  }

  function makeRoom(neededBytes: number): void {
    if (pinnedBytes + neededBytes > capacityBytes) {
      throw new SyncError("NO_SPACE", "the memory store is full", {
        detail: { limit: capacityBytes, actual: pinnedBytes + neededBytes },
      });
    }
    while (usedBytes + neededBytes > capacityBytes) {
      const oldest = idle.oldest!;
      drop(keyOf(oldest.chunk.id), oldest);
    }
  }

  function unpin(entry: Entry): void {
    if (--entry.pinCount > 0) return;
    pinnedBytes -= entry.chargeBytes;
    idle.append(entry);
  }

  const store: Store = {
    async get(id, options) {
      gate.enter(options);
      const key = keyOf(id);
      const entry = entries.get(key);
      if (!entry) throw notFound(id);
      touch(entry);
      return entry.chunk;
    },
    async put(chunk, options) {
      gate.enter(options);
      const key = keyOf(chunk.id);
      const known = entries.get(key);
      if (known) return touch(known);
      const chargeBytes = chunk.bytes.length + chunkChargeBytes;
      makeRoom(chargeBytes);
      const entry = { chunk: owned(chunk), chargeBytes, pinCount: 0, older: undefined, younger: undefined };
      entries.set(key, entry);
      idle.append(entry);
      usedBytes += chargeBytes;
    },
    async has(id, options) {
      gate.enter(options);
      return entries.has(keyOf(id));
    },
    async delete(id, options) {
      gate.enter(options);
      const key = keyOf(id);
      const entry = entries.get(key);
      if (!entry) return;
      if (entry.pinCount > 0) throw locked(id);
      drop(key, entry);
    },
    async *list(options) {
      gate.enter(options);
      for (const { chunk } of entries.values()) {
        yield { id: chunk.id, size: chunk.bytes.length };
        gate.enter(options);
      }
    },
    async pin(id, options) {
      gate.enter(options);
      const key = keyOf(id);
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.pinCount++ === 0) {
        idle.remove(entry);
        pinnedBytes += entry.chargeBytes;
      }
      return createPin(() => unpin(entry));
    },
    async close() {
      if (gate.close()) entries.clear();
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

/**
 * A view that leaves out no more of its block than this is not worth a copy: a length before the
 * chunk, say.
 */
const tolerableWasteBytes = 16;

/** The chunk in memory of its own: a view would keep the whole block alive that it was cut from. */
function owned(chunk: Chunk): Chunk {
  // A copy of verified bytes is as good as they are.
  return { id: whole(chunk.id), bytes: whole(chunk.bytes) } as Chunk;
}

function whole(bytes: Bytes): Bytes {
  const wasteBytes = bytes.buffer.byteLength - bytes.length;
  return wasteBytes <= tolerableWasteBytes ? bytes : new Uint8Array(bytes);
}
