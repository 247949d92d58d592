import type { Bytes } from "../types.ts";

/**
 * Memory for many short rows of bytes, cut from blocks: an array of its own for each would cost
 * more than what is done with it. A block is let go with the last of its rows.
 */
export class ByteSlab {
  readonly #blockBytes: number;
  #block = new Uint8Array(0);
  #usedBytes = 0;

  constructor(blockBytes = 65_536) {
    this.#blockBytes = blockBytes;
  }

  /** Room for so many bytes, all 0. */
  take(count: number): Bytes {
    if (this.#usedBytes + count > this.#block.length) {
      this.#block = new Uint8Array(Math.max(count, this.#blockBytes));
      this.#usedBytes = 0;
    }
    this.#usedBytes += count;
    return this.#block.subarray(this.#usedBytes - count, this.#usedBytes);
  }
}
