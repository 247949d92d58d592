import { concatBytes } from "../../../src/bytes/compare.ts";
import type { Chunk } from "../../../src/chunk/chunk.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { isSyncError } from "../../../src/errors.ts";
import type { SyncInfo } from "../../../src/remotesync/sync-info.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/store.ts";
import type { Bytes } from "../../../src/types.ts";

/** A chunk with this text in it. */
export function textChunk(text: string): Chunk {
  return chunkOf(new TextEncoder().encode(text));
}

/** A file of chunks given as texts, and a store that has them all. */
export async function fileOf(
  texts: readonly string[],
  perm: readonly number[] = [0],
): Promise<{ info: SyncInfo; store: Store; bytes: Bytes }> {
  const chunks = texts.map(textChunk);
  const store = await storeOf(texts);
  const info = { chunks: chunks.map(({ id, bytes }) => ({ id, size: bytes.length })), perm };
  return { info, store, bytes: concatBytes(chunks.map(({ bytes }) => bytes)) };
}

export async function storeOf(texts: readonly string[]): Promise<Store> {
  const store = memoryStore();
  for (const text of texts) await store.put(textChunk(text));
  return store;
}

export async function* streamOf(...blocks: Bytes[]): AsyncGenerator<Bytes, void, undefined> {
  yield* blocks;
}

/** A stream that gives its blocks, then nothing more, and counts how often it was closed. */
export function silentStream(...blocks: Bytes[]): AsyncIterable<Bytes> & { closedCount: number } {
  const stream = {
    closedCount: 0,
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const value = blocks.shift();
        return value === undefined
          ? new Promise<never>(() => {})
          : Promise.resolve({ done: false as const, value });
      },
      return: async () => {
        stream.closedCount++;
        return { done: true as const, value: undefined };
      },
    }),
  };
  return stream;
}

export async function collect(source: AsyncIterable<Bytes>): Promise<Bytes> {
  const blocks: Bytes[] = [];
  for await (const block of source) blocks.push(block.slice());
  return concatBytes(blocks);
}

/** What a piece of work fails with: the code of a SyncError, otherwise what was thrown. */
export async function failureOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return "no failure";
  } catch (thrown) {
    return isSyncError(thrown) ? thrown.code : thrown;
  }
}

/** A store that counts the pins that are not released. */
export function countPins(store: Store): Store & { readonly pinCount: number } {
  let pinCount = 0;
  return {
    ...store,
    get pinCount() {
      return pinCount;
    },
    pin: async (id, options) => {
      const pin = await store.pin(id, options);
      if (pin === undefined) return undefined;
      pinCount++;
      let held = true;
      return {
        release: () => {
          if (held) pinCount--;
          held = false;
          pin.release();
        },
      };
    },
  };
}
