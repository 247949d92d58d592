import { idBytes } from "../chunk/chunk.ts";
import type { Bytes } from "../types.ts";

/** Most rows of a tree are short, many empty: what is empty is the same for all. */
const noIds = new Uint8Array(0);
const noOffsets = new Float64Array(1);

/**
 * Ids and sizes of the chunks of a file, growing at the end: 48 bytes a chunk at most once it has
 * grown.
 */
export class ChunkRow {
  #ids = noIds;
  /** Where each chunk starts, and where the last one ends. */
  #offsets = noOffsets;
  #count = 0;

  /** Chunks in the row. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of content that they stand for. */
  get bytes(): number {
    return this.#offsets[this.#count] ?? 0;
  }

  push(ids: Bytes, sizes: readonly number[]): void {
    this.#makeRoom(this.#count + sizes.length);
    this.#ids.set(ids, this.#count * idBytes);
    for (const size of sizes) {
      this.#offsets[this.#count + 1] = this.bytes + size;
      this.#count += 1;
    }
  }

  id(index: number): Bytes {
    return this.#ids.subarray(index * idBytes, (index + 1) * idBytes);
  }

  size(index: number): number {
    return (this.#offsets[index + 1] ?? 0) - (this.#offsets[index] ?? 0);
  }

  /** Where a chunk starts. */
  offset(index: number): number {
    return this.#offsets[index] ?? 0;
  }

  /** The chunk that starts at an offset, or -1. */
  indexAt(offset: number): number {
    const index = this.indexAround(offset);
    return index < this.#count && this.#offsets[index] === offset ? index : -1;
  }

  /** The chunk that has the byte at an offset, or the number of chunks. */
  indexAround(offset: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#offsets[middle + 1]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #makeRoom(count: number): void {
    if (count * idBytes <= this.#ids.length) return;
    const room = Math.max(count, this.#count + (this.#count >> 1));
    const ids = new Uint8Array(room * idBytes);
    ids.set(this.#ids);
    this.#ids = ids;
    const offsets = new Float64Array(room + 1);
    offsets.set(this.#offsets.subarray(0, this.#count + 1));
    this.#offsets = offsets;
  }
}
