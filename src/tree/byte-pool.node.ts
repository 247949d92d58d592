import type { Bytes } from "../types.ts";

const blockBytes = 256 * 1024;
const smallBytes = 64 * 1024;

/**
 * Hands out memory that is filled at once and kept for a while. Small pieces lie side by side in one block:
 * that saves an allocation for each, and what follows each other goes over the wire without being joined.
 */
export class BytePool {
  #block = allocate(0);
  #used = 0;

  /** Room for so many bytes; what is in it before it is filled is undefined. */
  take(count: number): Bytes {
    if (count > smallBytes) return allocate(count);
    if (this.#used + count > this.#block.length) {
      this.#block = allocate(blockBytes);
      this.#used = 0;
    }
    this.#used += count;
    return this.#block.subarray(this.#used - count, this.#used);
  }
}

/** Does not fill it with zeros, which would take as long as to fill it with content. */
function allocate(count: number): Bytes {
  return new Uint8Array(Buffer.allocUnsafeSlow(count).buffer);
}
