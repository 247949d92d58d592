import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { Pause } from "../bytes/pause.node.ts";
import type { Chunk, ChunkInfo } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import { maxStoredChunkBytes, writeChunkFile } from "./chunk-file.node.ts";
import { checkChunk, listChunks, loadChunk, moveAside, sizeOfFile } from "./dir-chunks.node.ts";
import { openLayout } from "./dir-layout.node.ts";
import type { DirLayout } from "./dir-layout.node.ts";
import { Gate } from "./gate.ts";
import { fileCall } from "./io-error.node.ts";
import { nameOf, locked } from "./key.ts";
import { PinTable } from "./pin.ts";
import { checkCapacity, createQuota } from "./quota.ts";
import type { Quota } from "./quota.ts";
import type { Store } from "./store.ts";

export interface DirStoreOptions extends AbortOptions {
  /**
   * Bytes of content the store may hold; NO_SPACE beyond, nothing is evicted. What is there is
   * counted when the store is opened; what other processes add later is not seen.
   */
  readonly capacityBytes?: number;
  /**
   * True to have each chunk on the medium before `put` resolves, for a fraction of the speed.
   * Without it a power cut may damage the chunks written last; that is found when they are read,
   * like any damage.
   */
  readonly durable?: boolean;
}

export interface VerifyOptions extends AbortOptions {
  /**
   * True to move damaged chunks to the store's directory `damaged`, so that they can be put again.
   */
  readonly repair?: boolean;
}

/** What was found out about one chunk. */
export interface CheckedChunk extends ChunkInfo {
  /** False when the stored bytes do not match the id or cannot be read. */
  readonly sound: boolean;
}

/** A store that can look for damage. */
export interface DirStore extends Store {
  /**
   * Reads and hashes every chunk, in no particular order, and tells about each. To restore from a
   * source:
   *
   * ```ts
   * for await (const { id, sound } of store.verify({ repair: true }))
   *   if (!sound) store.put(await source.get(id));
   * ```
   */
  verify(options?: VerifyOptions): AsyncIterable<CheckedChunk>;
}

/**
 * Keeps chunks in a directory, one file each. Any number of processes may use it at the same time;
 * pins hold only against this very store object. A chunk has its final name when it is complete,
 * never before. `get` hashes what it reads; what does not match is moved aside, so that the next
 * `put` restores it.
 *
 * File calls are synchronous, which for small files is several times faster than promises; the
 * event loop has to wait for one of them or 1 ms, whichever is longer.
 *
 * @throws USAGE when the directory holds something else; UNSUPPORTED when a newer version made the
 *   store
 */
export async function dirStore(path: string, options: DirStoreOptions = {}): Promise<DirStore> {
  options.signal?.throwIfAborted();
  const { durable = false, capacityBytes } = options;
  const layout = openLayout(resolve(path));
  const gate = new Gate();
  const pins = new PinTable();
  const pause = new Pause();
  const quota = capacityBytes === undefined ? undefined : await openQuota(layout, capacityBytes, options);
  let lastWrite: Promise<void> = Promise.resolve();

  async function enter(options: AbortOptions | undefined): Promise<void> {
    if (pause.due()) await pause.take();
    gate.enter(options);
  }

  async function write(chunk: Chunk, options: AbortOptions | undefined): Promise<void> {
    options?.signal?.throwIfAborted();
    const path = layout.chunkPath(nameOf(chunk.id));
    if (sizeOfFile(path) !== undefined) return;
    quota?.take(chunk.bytes.length);
    try {
      await writeChunkFile(path, layout.temporaryPath(), chunk.bytes, durable);
    } catch (error) {
      quota?.giveBack(chunk.bytes.length);
      throw error;
    }
  }

  const store: DirStore = {
    async get(id, options) {
      await enter(options);
      return loadChunk(layout, id);
    },
    async put(chunk, options) {
      await enter(options);
      checkSize(chunk);
      if (!durable) return write(chunk, options);
      // One at a time: however many puts are under way, they need one open file.
      const written = lastWrite.then(() => write(chunk, options));
      lastWrite = written.catch(() => {});
      return written;
    },
    async has(id, options) {
      await enter(options);
      return sizeOfFile(layout.chunkPath(nameOf(id))) !== undefined;
    },
    async delete(id, options) {
      await enter(options);
      const name = nameOf(id);
      if (pins.holds(name)) throw locked(id);
      const path = layout.chunkPath(name);
      const sizeBytes = sizeOfFile(path);
      if (sizeBytes === undefined) return;
      fileCall(path, () => rmSync(path, { force: true }));
      quota?.giveBack(sizeBytes);
    },
    async *list(options) {
      gate.enter(options);
      for await (const info of listChunks(layout)) {
        yield info;
        gate.enter(options);
      }
    },
    async pin(id, options) {
      await enter(options);
      const name = nameOf(id);
      return sizeOfFile(layout.chunkPath(name)) === undefined ? undefined : pins.add(name);
    },
    async *verify({ repair = false, ...options } = {}) {
      for await (const { id, size } of store.list(options)) {
        if (pause.due()) await pause.take();
        const state = checkChunk(layout, id);
        if (state === "damaged" && repair) moveAside(layout, id);
        if (state !== "gone") yield { id, size, sound: state === "sound" };
      }
    },
    async close() {
      if (gate.close()) await lastWrite;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

function checkSize(chunk: Chunk): void {
  if (chunk.bytes.length <= maxStoredChunkBytes) return;
  throw new SyncError("LIMIT", "the chunk is too large for a store in a directory", {
    detail: { limit: maxStoredChunkBytes, actual: chunk.bytes.length },
  });
}

async function openQuota(layout: DirLayout, capacityBytes: number, options: AbortOptions): Promise<Quota> {
  checkCapacity(capacityBytes);
  let usedBytes = 0;
  for await (const { size } of listChunks(layout)) {
    options.signal?.throwIfAborted();
    usedBytes += size;
  }
  return createQuota(capacityBytes, usedBytes);
}
