import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** Packs bits into bytes, the first bit into the most significant place; fill bits are 0. */
export class BitWriter {
  /** Bits pushed so far. */
  count = 0;
  #bytes = new Uint8Array(64);

  push(bit: boolean): void {
    const at = this.count >>> 3;
    if (at === this.#bytes.length) {
      const wider = new Uint8Array(2 * at);
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    if (bit) this.#bytes[at]! |= 0x80 >>> (this.count & 7);
    this.count++;
  }

  /** A copy of the bits so far, filled up to whole bytes. */
  finish(): Bytes {
    return this.#bytes.slice(0, (this.count + 7) >>> 3);
  }
}

/**
 * Reads what `BitWriter` wrote. It does not know how many bits were meant: fill bits read as bits.
 */
export class BitReader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** @throws TRUNCATED behind the last byte */
  next(): boolean {
    const byte = this.#bytes[this.#at >>> 3];
    if (byte === undefined) throw new SyncError("TRUNCATED", "no more bits", { detail: { index: this.#at } });
    return (byte & (0x80 >>> (this.#at++ & 7))) !== 0;
  }
}
