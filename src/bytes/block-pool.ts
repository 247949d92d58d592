import type { Bytes } from "../types.ts";

/** A block, how far it was handed out, and how much of that came back. */
interface Block {
  readonly bytes: Bytes;
  used: number;
  returned: number;
}

/**
 * Memory that is handed out in pieces and used again when all pieces of a block have come back.
 * Content goes through it at more than a gigabyte a second: as memory of its own it would keep the
 * garbage collector busy.
 *
 * Pieces lie side by side, so what follows each other goes over the wire without being joined. A
 * piece that never comes back costs its block, not its correctness.
 */
export class BlockPool {
  readonly #blockBytes: number;
  readonly #free: Bytes[] = [];
  readonly #blocks = new Map<ArrayBufferLike, Block>();
  #current: Block | undefined;

  constructor(blockBytes = 2 << 20) {
    this.#blockBytes = blockBytes;
  }

  /** Room for so many bytes; what is in it before it is filled is undefined. */
  take(count: number): Bytes {
    let block = this.#current;
    if (block === undefined || block.used + count > block.bytes.length) block = this.#begin(count);
    block.used += count;
    return block.bytes.subarray(block.used - count, block.used);
  }

  /**
   * Takes back a piece, or a part of one; each byte comes back at most once. Foreign bytes are
   * ignored.
   */
  give(bytes: Bytes): void {
    const block = this.#blocks.get(bytes.buffer);
    if (block === undefined) return;
    block.returned += bytes.length;
    if (block.returned < block.used) return;
    if (block === this.#current) {
      block.used = 0;
      block.returned = 0;
      return;
    }
    this.#blocks.delete(bytes.buffer);
    if (block.bytes.length === this.#blockBytes) this.#free.push(block.bytes);
  }

  #begin(count: number): Block {
    const last = this.#current;
    if (last !== undefined && last.returned === last.used) this.#blocks.delete(last.bytes.buffer);
    const bytes = count <= this.#blockBytes ? this.#free.pop() : undefined;
    const block = { bytes: bytes ?? new Uint8Array(Math.max(count, this.#blockBytes)), used: 0, returned: 0 };
    this.#blocks.set(block.bytes.buffer, block);
    this.#current = block;
    return block;
  }
}
