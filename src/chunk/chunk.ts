import type { Bytes } from "../types.ts";

/** The digest that names a chunk: 32 bytes. */
export type ChunkId = Uint8Array;

/** Bytes in a ChunkId. */
export const idBytes = 32;

/** What the two ends agree on for one chunk. */
export interface ChunkInfo {
  readonly id: ChunkId;
  /** Length of the chunk in bytes. */
  readonly size: number;
}

declare const verified: unique symbol;

/**
 * A chunk whose bytes were hashed and found equal to its id. Only `chunkOf` and `verifyChunk` make
 * one, so what has this type may be stored and used; raw bytes from a peer or a disk may not.
 */
export interface Chunk {
  readonly id: ChunkId;
  readonly bytes: Bytes;
  readonly [verified]: true;
}
