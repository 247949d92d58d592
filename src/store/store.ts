import type { Chunk, ChunkId, ChunkInfo } from "../chunk/chunk.ts";
import type { AbortOptions } from "../types.ts";

/**
 * Keeps a chunk from being deleted or evicted until it is released. Releasing twice is harmless.
 */
export interface Pin {
  /** Lets go of the chunk. */
  release(): void;
}

/**
 * Where chunks come from: the half of a store that reading takes. Nothing unverified ever comes
 * out: `get` hashes what it read from any medium that can change behind our back.
 *
 * Every method may be called concurrently.
 */
export interface ChunkReader {
  /** The chunk. Throws NOT_FOUND, or CORRUPT when the stored bytes no longer match their id. */
  get(id: ChunkId, options?: AbortOptions): Promise<Chunk>;
  /** True when the chunk is there now. It may be gone a moment later; `pin` when it must stay. */
  has(id: ChunkId, options?: AbortOptions): Promise<boolean>;
  /** Frees what the store holds. Pins become void. May be called twice. */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where chunks can be left, too. Nothing unverified ever goes in: `put` takes a `Chunk`. */
export interface ChunkWriter extends ChunkReader {
  /** Stores a chunk; storing one that is there already does nothing. Throws NO_SPACE or IO. */
  put(chunk: Chunk, options?: AbortOptions): Promise<void>;
  /**
   * True when the chunk is there, which then counts as stored just now for who prunes by age. A
   * store without this knows no age.
   */
  renew?(id: ChunkId, options?: AbortOptions): Promise<boolean>;
  /** The same at once: only where nobody has to be waited for. */
  renewNow?(id: ChunkId): boolean;
}

/**
 * Where chunks live. `storeCases` of `rsync-stream/testing` is the contract as tests.
 */
export interface Store extends ChunkWriter {
  /**
   * Removes a chunk; removing one that is not there does nothing. Throws LOCKED while it is pinned.
   */
  delete(id: ChunkId, options?: AbortOptions): Promise<void>;
  /** All chunks in no particular order. Memory does not grow with their number. */
  list(options?: AbortOptions): AsyncIterable<ChunkInfo>;
  /** Pins the chunk if it is there, otherwise undefined: test and hold in one step. */
  pin(id: ChunkId, options?: AbortOptions): Promise<Pin | undefined>;
}
