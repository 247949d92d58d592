import type { Bytes } from "../types.ts";
import type { ChunkTable } from "./chunk-table.ts";
import { underWayLimits } from "./in-order.ts";
import type { IndexChunk } from "./index-header.ts";
import { DecodedChunks, type FetchChunk } from "./decoded-chunks.ts";

/** Content of which any part can be read. */
export interface AnyContent {
  readonly sizeBytes: number;
  /** A part of it, shorter at its end, in pieces that nobody may change. */
  read(offset: number, size: number): Promise<readonly Bytes[]>;
  /**
   * Makes a part ready that is likely to be read, as far as not too much is under way; returns
   * where that ends. Nobody is told of failures.
   */
  prepare(offset: number, size: number): number;
}

/** A chunk of an index by its number, and what it holds. */
export type ReadChunk = (number: number, chunk: IndexChunk, bytes: Bytes) => void;

export interface BlobReaderOptions {
  /** Called for each chunk that a part was read of. */
  readonly onRead?: ReadChunk;
  /** Bytes of decoded chunks that are kept; `blobLimits.decodedChunkBytes` unless given. */
  readonly decodedBytes?: number;
  /** Chunks that are made ready at a time; `underWayLimits` has the default. */
  readonly jobCount?: number;
}

/** What readers of blobs keep in memory. */
export const blobLimits = Object.freeze({
  /** Bytes of decoded chunks that are kept for all who read. */
  decodedChunkBytes: 67_108_864,
});

/** The blob of an index, of which any part can be read; chunks are fetched as they are needed. */
export function blobReader(
  table: ChunkTable,
  fetch: FetchChunk,
  options: BlobReaderOptions = {},
): AnyContent {
  const {
    decodedBytes = blobLimits.decodedChunkBytes,
    jobCount = underWayLimits.chunksUnderWay,
    onRead,
  } = options;
  const chunks = new DecodedChunks(fetch, decodedBytes);
  let preparedCount = 0;

  async function read(offset: number, size: number): Promise<readonly Bytes[]> {
    const end = Math.min(offset + size, table.sizeBytes);
    if (offset >= end) return [];
    const parts: { readonly number: number; readonly chunk: IndexChunk; readonly bytes: Promise<Bytes> }[] =
      [];
    for (let number = table.find(offset), at = offset; at < end; number++) {
      const chunk = table.at(number);
      parts.push({ number, chunk, bytes: chunks.get(chunk) });
      at = chunk.offset + chunk.size;
    }
    const all = await Promise.all(parts.map(({ bytes }) => bytes));
    return parts.map(({ number, chunk }, i) => {
      onRead?.(number, chunk, all[i]!);
      return all[i]!.subarray(Math.max(0, offset - chunk.offset), Math.max(0, end - chunk.offset));
    });
  }

  function prepare(offset: number, size: number): number {
    const end = Math.min(offset + size, table.sizeBytes);
    if (offset >= end) return end;
    let at = offset;
    for (let number = table.find(offset); at < end && preparedCount < jobCount; number++) {
      const chunk = table.at(number);
      at = chunk.offset + chunk.size;
      preparedCount++;
      const done = (): void => void preparedCount--;
      chunks.get(chunk).then(done, done);
    }
    return at;
  }

  return { sizeBytes: table.sizeBytes, read, prepare };
}
