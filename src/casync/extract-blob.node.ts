import { fstatSync, ftruncateSync } from "node:fs";
import { IdMap } from "../bytes/id-map.ts";
import { keyOf } from "../chunk/id-key.ts";
import { fileTrouble } from "../tree/disk/calls/file-trouble.node.ts";
import { writeFully } from "../tree/disk/calls/file-cut.node.ts";
import type { ChunkReader } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { type BlobSeed, findAt, readFully } from "./blob-seed.node.ts";
import { inAnyOrder } from "../bytes/in-any-order.ts";
import { chunksUnderWay } from "./in-order.ts";
import { digestOfIndex, type IndexChunk, sizeOf } from "./index-header.ts";
import { eachChunk, type IndexReading } from "./index-reader.ts";
import { FoundContentWriter, type FoundContent } from "./found-content-writer.node.ts";
import { getPlaced } from "./read-blob.ts";

export interface ExtractBlobOptions extends AbortOptions {
  /** Files that may hold chunks, asked before the store, in this order. */
  readonly seeds?: readonly BlobSeed[];
  /** A descriptor of a file that may hold chunks at the very places where the blob has them. */
  readonly old?: number;
  /** Chunks on their way at a time; 192, and no more than 12 MiB take, unless given. */
  readonly jobCount?: number;
  /** Called behind each chunk. */
  readonly onProgress?: (totals: ExtractTotals) => void;
}

/** What became of the chunks of a blob. */
export interface ExtractTotals {
  chunkCount: number;
  /** Chunks that were right at their places already. */
  inPlaceCount: number;
  seedCount: number;
  storeCount: number;
  totalBytes: number;
  seedBytes: number;
  /** Those of them that take no room of their own, as the file system has them once for both. */
  sharedBytes: number;
}

/** Chunks whose place in the output is remembered: what comes again is copied. */
const rememberedCount = 500_000;

/**
 * Writes the content that an index is of into an open file, chunk by chunk, each where it belongs.
 * What is right there already is left, so a run that broke off is taken up. The file gets the
 * length of the content in the end, unless it is a device.
 *
 * @param fd opened for reading and writing
 * @param path of the file, for messages
 * @throws NOT_FOUND, CORRUPT, IO, NO_SPACE, and what the index and the store throw
 */
export async function extractBlob(
  index: IndexReading,
  store: ChunkReader,
  fd: number,
  path: string,
  options: ExtractBlobOptions = {},
): Promise<ExtractTotals> {
  const { seeds = [], old, jobCount, signal, onProgress } = options;
  const digest = digestOfIndex(index);
  const { maxBytes } = index.sizes;
  const stat = fstatSync(fd);
  const written = new IdMap();
  const totals: ExtractTotals = {
    chunkCount: 0,
    inPlaceCount: 0,
    seedCount: 0,
    storeCount: 0,
    totalBytes: 0,
    seedBytes: 0,
    sharedBytes: 0,
  };
  const isDevice = !stat.isFile();
  const room = new Uint8Array(maxBytes); // what is found in files is put before the next is read
  const zeroKey = digest.keyOf(room);
  const writer = new FoundContentWriter(fd, { blockBytes: stat.blksize });

  function matches(bytes: Bytes | undefined, key: string): bytes is Bytes {
    return bytes !== undefined && digest.keyOf(bytes) === key;
  }

  function isInPlace({ offset, size }: IndexChunk, key: string): boolean {
    if (isDevice || offset < stat.size) return matches(readFully(fd, offset, size, room), key);
    return key === zeroKey && size === maxBytes; // a hole
  }

  function findNear({ id, offset, size }: IndexChunk, key: string): FoundContent | undefined {
    const before = old === undefined ? undefined : findAt(old, offset, size, room);
    if (matches(before?.bytes, key)) return before;
    const at = written.get(id);
    const again = at === undefined ? undefined : findAt(fd, at, size, room);
    return matches(again?.bytes, key) ? again : undefined;
  }

  function put(found: FoundContent, offset: number): void {
    totals.seedCount++;
    totals.seedBytes += found.bytes.length;
    totals.sharedBytes += writer.put(found, offset);
  }

  /** Takes a chunk from the first seed that has it; false when none does. */
  async function takeFromSeeds({ id, offset, size }: IndexChunk): Promise<boolean> {
    for (const seed of seeds) {
      const asked = seed.find(id, size, room);
      const found = asked instanceof Promise ? await asked : asked;
      if (found?.bytes.length !== size) continue;
      put(found, offset);
      return true;
    }
    return false;
  }

  async function place(chunk: IndexChunk): Promise<void> {
    signal?.throwIfAborted();
    const key = keyOf(chunk.id);
    totals.chunkCount++;
    totals.totalBytes += chunk.size;
    if (isInPlace(chunk, key)) totals.inPlaceCount++;
    else {
      const near = findNear(chunk, key);
      if (near) put(near, chunk.offset);
      else if (!(await takeFromSeeds(chunk))) {
        totals.storeCount++;
        writeFully(fd, (await getPlaced(store, chunk, signal && { signal })).bytes, chunk.offset);
      }
    }
    if (written.size < rememberedCount) written.set(chunk.id, chunk.offset);
    onProgress?.(totals);
  }

  try {
    await inAnyOrder(eachChunk(index), chunksUnderWay(jobCount, sizeOf), place);
    if (!isDevice) ftruncateSync(fd, totals.totalBytes);
    return totals;
  } catch (thrown) {
    throw fileTrouble(thrown, path);
  }
}
