import type { Chunk } from "../chunk/chunk.ts";
import { toHex } from "../bytes/hex.ts";
import { SyncError } from "../errors.ts";
import type { ChunkReader } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { chunksUnderWay, inOrder } from "./in-order.ts";
import { type IndexChunk, sizeOf } from "./index-header.ts";
import type { IndexReading } from "./index-reader.ts";

export interface ReadBlobOptions extends AbortOptions {
  /** Where to begin; 0 unless given. */
  readonly offset?: number;
  /** How many bytes, at most; all that follow unless given. */
  readonly length?: number;
  /** Chunks on their way at a time; 192, and no more than 12 MiB take, unless given. */
  readonly jobCount?: number;
}

/**
 * The content that an index is of, or a part of it. Only chunks that are needed are fetched, ahead
 * of the one that is used.
 *
 * @throws CORRUPT for a chunk whose length is another, and what the index and the store throw
 */
export async function* readBlob(
  index: IndexReading,
  store: ChunkReader,
  options: ReadBlobOptions = {},
): AsyncGenerator<Bytes> {
  const { offset = 0, length = Number.POSITIVE_INFINITY, jobCount, signal } = options;
  const end = offset + length;
  const parts = inOrder(
    chunksWithin(index, offset, end),
    chunksUnderWay(jobCount, sizeOf),
    async (place) => ({
      place,
      chunk: await getPlaced(store, place, signal && { signal }),
    }),
  );
  for await (const { place, chunk } of parts) {
    yield chunk.bytes.subarray(Math.max(0, offset - place.offset), Math.max(0, end - place.offset));
  }
}

/** A chunk of the size that its index says. @throws CORRUPT, and what the store throws */
export async function getPlaced(
  store: Pick<ChunkReader, "get">,
  { id, size }: IndexChunk,
  options?: AbortOptions,
): Promise<Chunk> {
  const chunk = await store.get(id, options);
  if (chunk.bytes.length === size) return chunk;
  throw new SyncError("CORRUPT", `chunk ${toHex(id)} has another length than its index says`, {
    detail: { limit: size, actual: chunk.bytes.length },
  });
}

/** The chunks of an index that have a part in [from, to). */
async function* chunksWithin(index: IndexReading, from: number, to: number): AsyncGenerator<IndexChunk> {
  try {
    for await (const chunks of index.chunks) {
      for (const chunk of chunks) {
        if (chunk.offset >= to) return;
        if (chunk.offset + chunk.size > from) yield chunk;
      }
    }
  } finally {
    await index.close();
  }
}
