import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { ExactReader } from "./exact-reader.ts";

/** The longest chunk that CAFS moves, in bytes; part of its format. */
export const maxCafsChunkBytes = 131072;

/** Bytes of the longest encoding of a 64-bit number. */
const maxLengthBytes = 10;

/**
 * A length as CAFS writes it: a signed number, zig-zag, groups of seven bits, lowest first.
 *
 * @param value a whole number, at most 2^52 in size
 * @see docs/formats.md, variable-length integers
 */
export function encodeLength(value: number): Bytes {
  const bytes = new Uint8Array(uvarintBytes(zigzag(value)));
  putLength(value, bytes, 0);
  return bytes;
}

/** Writes the same into other bytes. Returns where it ends. */
export function putLength(value: number, target: Uint8Array, at: number): number {
  return putUvarint(zigzag(value), target, at);
}

/** Writes a number from 0 on in groups of seven bits, lowest first. Returns where it ends. */
export function putUvarint(value: number, target: Uint8Array, at: number): number {
  let end = at;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) target[end++] = (rest % 128) + 0x80;
  target[end++] = rest;
  return end;
}

/** Bytes that `ByteWriter.uvarint` takes for a number. */
export function uvarintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Reads CAFS lengths a byte at a time, so it does not matter where a stream is cut. */
export class LengthDecoder {
  #sum = 0;
  #count = 0;
  #odd = false;

  /** True in the middle of a length. */
  get pending(): boolean {
    return this.#count > 0;
  }

  /**
   * Takes the next byte.
   *
   * @returns the length, 0 to maxCafsChunkBytes, when this was its last byte
   * @throws VARINT_OVERFLOW past 64 bits; ILLEGAL_LENGTH when negative or too large
   */
  push(byte: number): number | undefined {
    if (this.#count === maxLengthBytes - 1 && byte > 1) {
      throw new SyncError("VARINT_OVERFLOW", "length of more than 64 bits");
    }
    if (this.#count === 0) this.#odd = byte % 2 === 1;
    // Past 2^53 the sum is rounded, but then it is out of range in any case.
    this.#sum += (byte & 0x7f) * 128 ** this.#count++;
    return byte < 0x80 ? this.#finish() : undefined;
  }

  #finish(): number {
    const length = this.#odd ? -(this.#sum + 1) / 2 : this.#sum / 2;
    this.#sum = 0;
    this.#count = 0;
    if (length < 0 || length > maxCafsChunkBytes) {
      throw new SyncError("ILLEGAL_LENGTH", `illegal chunk length: ${length}`, {
        detail: { actual: length, limit: maxCafsChunkBytes },
      });
    }
    return length;
  }
}

/**
 * The next CAFS length of a stream, or undefined when the stream ends before it.
 *
 * @throws TRUNCATED when it ends within; VARINT_OVERFLOW; ILLEGAL_LENGTH
 */
export async function readLength(reader: ExactReader): Promise<number | undefined> {
  const decoder = new LengthDecoder();
  for (;;) {
    const byte = reader.takeByte() ?? (await reader.readByte());
    if (byte === undefined) {
      if (decoder.pending) throw new SyncError("TRUNCATED", "stream ends within a length");
      return undefined;
    }
    const length = decoder.push(byte);
    if (length !== undefined) return length;
  }
}

/** Maps whole numbers to those from 0 on: 0, -1, 1, -2 become 0, 1, 2, 3. Exact up to 2^52. */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** The number that `zigzag` made this of. */
export function unzigzag(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}
