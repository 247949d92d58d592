import { ExactReader } from "../bytes/exact-reader.ts";
import { concatBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { readBeginning } from "./beginning.ts";
import {
  decodeIndexHeader,
  type IndexChunk,
  type IndexHeader,
  indexHeaderBytes,
  indexItemBytes,
  indexTailBytes,
  isIndexTail,
} from "./index-header.ts";
import { readSize, viewOf } from "./words.ts";

/** An index that is being read. */
export interface IndexReading extends IndexHeader {
  /**
   * The chunks in order, some at a time; read once. What is held in memory does not grow with their
   * number.
   *
   * @throws BAD_MESSAGE for an item or end that cannot be, TRUNCATED when there is no end
   */
  readonly chunks: AsyncIterable<readonly IndexChunk[]>;
  /** Ends the source. May be called twice. */
  close(): Promise<void>;
}

/** Chunks that are read at a time. */
const batchCount = 1024;

/**
 * Reads an index, of a blob or an archive, as it comes.
 *
 * @throws BAD_MESSAGE when it is none, TRUNCATED, UNSUPPORTED for features that are not known,
 *   LIMIT
 *   for chunks that are too long
 */
export async function readIndex(source: AsyncIterable<Bytes>): Promise<IndexReading> {
  const reader = new ExactReader(source);
  try {
    const header = decodeIndexHeader(await readBeginning(reader, indexHeaderBytes, "an index of casync"));
    return { ...header, chunks: readChunks(reader, header), close: () => reader.close() };
  } catch (thrown) {
    await reader.close();
    throw thrown;
  }
}

/** The chunks of an index one by one; the index is closed behind them. */
export async function* eachChunk(index: IndexReading): AsyncGenerator<IndexChunk> {
  try {
    for await (const chunks of index.chunks) yield* chunks;
  } finally {
    await index.close();
  }
}

async function* readChunks(
  reader: ExactReader,
  { sizes: { maxBytes } }: IndexHeader,
): AsyncGenerator<readonly IndexChunk[]> {
  let chunkCount = 0;
  let offset = 0;
  for (;;) {
    const bytes = await readItems(reader);
    const view = viewOf(bytes);
    const chunks: IndexChunk[] = [];
    for (let at = 0; at + indexItemBytes <= bytes.length; at += indexItemBytes) {
      const end = readSize(view, at);
      if (end === 0) {
        if (chunks.length > 0) yield chunks;
        return await checkEnd(reader, bytes.subarray(at), chunkCount);
      }
      const size = end - offset;
      if (size <= 0 || size > maxBytes) throw badChunk(chunkCount, size, maxBytes);
      chunks.push({ id: bytes.slice(at + 8, at + indexItemBytes), offset, size });
      offset = end;
      chunkCount++;
    }
    if (bytes.length === 0 || bytes.length % indexItemBytes > 0)
      throw new SyncError("TRUNCATED", "the index ends before its last chunk");
    yield chunks;
  }
}

/** One item or several: what is there already, and at least one. Part of one only at the end. */
async function readItems(reader: ExactReader): Promise<Bytes> {
  const parts = [await reader.readUpTo(batchCount * indexItemBytes)];
  let missing = (indexItemBytes - (parts[0]!.length % indexItemBytes)) % indexItemBytes;
  while (missing > 0) {
    const part = await reader.readUpTo(missing);
    if (part.length === 0) break;
    parts.push(part);
    missing -= part.length;
  }
  return parts.length === 1 ? parts[0]! : concatBytes(parts);
}

async function checkEnd(reader: ExactReader, tail: Bytes, chunkCount: number): Promise<void> {
  if (!isIndexTail(tail.subarray(0, indexTailBytes), chunkCount))
    throw new SyncError("BAD_MESSAGE", "the end of the index does not fit its chunks", {
      detail: { index: chunkCount },
    });
  const more = tail.length > indexTailBytes || (await reader.readUpTo(1)).length > 0;
  if (more) throw new SyncError("BAD_MESSAGE", "something stands behind the end of the index");
}

function badChunk(index: number, actual: number, limit: number): SyncError {
  return new SyncError("BAD_MESSAGE", `chunk ${index} of the index has an illegal size`, {
    detail: { index, actual, limit },
  });
}
