import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { type IndexChunk, indexItemBytes } from "./index-header.ts";
import type { IndexReading } from "./index-reader.ts";
import { readSize, viewOf, wordBytes, writeSize } from "./words.ts";

/** The chunks of an index in any order: by their number, and by what lies where in the blob. */
export interface ChunkTable {
  readonly count: number;
  /** Bytes of the blob. */
  readonly sizeBytes: number;
  /** @throws CORRUPT when the index is no longer what it was */
  at(number: number): IndexChunk;
  /** The number of the chunk that has this byte of the blob. */
  find(offset: number): number;
}

/** Items of an index that are taken together. */
export const tablePageCount = 4096;

/** A run of items of an index, as they stand there: a page of `tablePageCount`, the last fewer. */
export type ReadPage = (page: number) => Bytes;

/**
 * Reads an index, every chunk of which is then at hand.
 *
 * @param readPage gives items of the index anew, so that they need not be kept; they are kept
 *   unless given
 * @throws what the index throws
 */
export async function openChunkTable(index: IndexReading, readPage?: ReadPage): Promise<ChunkTable> {
  const starts: number[] = [];
  const kept: Bytes[] = [];
  let count = 0;
  let sizeBytes = 0;
  try {
    for await (const chunks of index.chunks) {
      for (const { id, offset, size } of chunks) {
        const at = count++ % tablePageCount;
        sizeBytes = offset + size;
        if (at === 0) starts.push(offset);
        if (readPage) continue;
        if (at === 0) kept.push(new Uint8Array(tablePageCount * indexItemBytes));
        const page = kept.at(-1)!;
        writeSize(viewOf(page), at * indexItemBytes, sizeBytes);
        page.set(id, at * indexItemBytes + wordBytes);
      }
    }
  } finally {
    await index.close();
  }
  return new PagedTable(readPage ?? ((page) => kept[page]!), starts, count, sizeBytes, index.sizes.maxBytes);
}

class PagedTable implements ChunkTable {
  readonly #readPage: ReadPage;
  /** Where the first chunk of each page lies in the blob. */
  readonly #starts: readonly number[];
  readonly #maxBytes: number;
  readonly count: number;
  readonly sizeBytes: number;

  constructor(
    readPage: ReadPage,
    starts: readonly number[],
    count: number,
    sizeBytes: number,
    maxBytes: number,
  ) {
    this.#readPage = readPage;
    this.#starts = starts;
    this.#maxBytes = maxBytes;
    this.count = count;
    this.sizeBytes = sizeBytes;
  }

  at(number: number): IndexChunk {
    const page = Math.floor(number / tablePageCount);
    const items = this.#readPage(page);
    const at = number % tablePageCount;
    const offset = at === 0 ? this.#starts[page]! : endOf(items, at - 1);
    const size = endOf(items, at) - offset;
    if (size < 1 || size > this.#maxBytes)
      throw new SyncError("CORRUPT", "the index was changed while it is used", { detail: { index: number } });
    return { id: items.subarray(at * indexItemBytes + wordBytes, (at + 1) * indexItemBytes), offset, size };
  }

  find(offset: number): number {
    const page = firstAbove(this.#starts.length, (i) => this.#starts[i]!, offset) - 1;
    const first = page * tablePageCount;
    const items = this.#readPage(page);
    const length = Math.min(tablePageCount, this.count - first);
    return first + firstAbove(length, (i) => endOf(items, i), offset);
  }
}

/** The first of ascending values that is above one; `count` when there is none. */
function firstAbove(count: number, valueAt: (i: number) => number, value: number): number {
  let low = 0;
  for (let high = count; low < high;) {
    const middle = (low + high) >>> 1;
    if (valueAt(middle) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function endOf(items: Bytes, at: number): number {
  return readSize(viewOf(items), at * indexItemBytes);
}
