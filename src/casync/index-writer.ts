import type { Bytes } from "../types.ts";
import {
  encodeIndexHeader,
  encodeIndexTail,
  type IndexChunk,
  type IndexHeader,
  indexItemBytes,
} from "./index-header.ts";
import { viewOf, writeSize } from "./words.ts";

/** Chunks in a block. */
const blockCount = 1024;

/**
 * Writes an index, of a blob or an archive, as its chunks come.
 *
 * @param chunks ids and sizes in order; no size is 0
 */
export async function* writeIndex(
  header: IndexHeader,
  chunks: AsyncIterable<Pick<IndexChunk, "id" | "size">>,
): AsyncGenerator<Bytes> {
  yield encodeIndexHeader(header);
  let block = new Uint8Array(blockCount * indexItemBytes);
  let filled = 0;
  let end = 0;
  let chunkCount = 0;
  for await (const { id, size } of chunks) {
    end += size;
    writeSize(viewOf(block), filled, end);
    block.set(id, filled + 8);
    filled += indexItemBytes;
    chunkCount++;
    if (filled < block.length) continue;
    yield block;
    block = new Uint8Array(blockCount * indexItemBytes);
    filled = 0;
  }
  if (filled > 0) yield block.subarray(0, filled);
  yield encodeIndexTail(chunkCount);
}
