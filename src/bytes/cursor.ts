import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/**
 * Takes a message apart from front to back. Numbers are big-endian.
 *
 * Every method throws BAD_MESSAGE rather than read past the end.
 */
export class ByteReader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u24(): number {
    const at = this.#take(3);
    return (this.#bytes[at]! << 16) | (this.#bytes[at + 1]! << 8) | this.#bytes[at + 2]!;
  }

  u32(): number {
    const at = this.#take(4);
    const low = (this.#bytes[at + 1]! << 16) | (this.#bytes[at + 2]! << 8) | this.#bytes[at + 3]!;
    return this.#bytes[at]! * 0x1000000 + low;
  }

  /**
   * Groups of seven bits, lowest first, at most 2^53 - 1; only the shortest form of a number is
   * accepted.
   */
  uvarint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw this.#bad("number too large");
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) throw this.#bad("number longer than it needs to be");
        return value;
      }
      if (scale >= 2 ** 49) throw this.#bad("number too long");
    }
  }

  /** The next `count` bytes, as a view. */
  bytes(count: number): Bytes {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** @throws BAD_MESSAGE when something is left */
  end(): void {
    if (this.remaining > 0) throw this.#bad("bytes left over");
  }

  #take(count: number): number {
    if (!(count >= 0 && count <= this.remaining)) throw this.#bad("message too short");
    const at = this.#at;
    this.#at += count;
    return at;
  }

  #bad(message: string): SyncError {
    return new SyncError("BAD_MESSAGE", message, { detail: { offset: this.#at } });
  }
}

/** Puts a message together, in the forms that `ByteReader` reads. It grows as needed. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    // In one line this would be wrong: the array is looked up before it grows.
    const at = this.#room(1);
    this.#bytes[at] = value;
  }

  u24(value: number): void {
    const at = this.#room(3);
    this.#bytes[at] = value >>> 16;
    this.#bytes[at + 1] = value >>> 8;
    this.#bytes[at + 2] = value;
  }

  u32(value: number): void {
    this.u8(value >>> 24);
    this.u24(value);
  }

  /** @param value 0 to 2^53 - 1 */
  uvarint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.u8((rest % 128) + 0x80);
    this.u8(rest);
  }

  bytes(bytes: Bytes): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Writes few bytes, those from one place to another: a view of them would cost more. */
  bytesFrom(bytes: Bytes, from: number, to = bytes.length): void {
    let at = this.#room(to - from);
    for (let i = from; i < to; i++) this.#bytes[at++] = bytes[i]!;
  }

  /** A copy of what was written. */
  finish(): Bytes {
    return this.#bytes.slice(0, this.#length);
  }

  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      wider.set(this.#bytes.subarray(0, at));
      this.#bytes = wider;
    }
    return at;
  }
}
