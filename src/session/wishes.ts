import { BitReader, BitWriter } from "../bytes/bits.ts";
import { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** The receiver's answer to files, in the order in which they were listed. */
export interface FileWish {
  readonly wanted: boolean;
  /** Nothing of it is here: send the content with the list. */
  readonly all: boolean;
}

/**
 * Encodes the answer to files: a count, a bit each for `wanted`, then a bit for each wanted one for
 * `all`.
 */
export function encodeFileWishes(wishes: readonly FileWish[]): Bytes {
  const wanted = new BitWriter();
  const all = new BitWriter();
  for (const wish of wishes) {
    wanted.push(wish.wanted);
    if (wish.wanted) all.push(wish.all);
  }
  const out = new ByteWriter();
  out.uvarint(wishes.length);
  out.bytes(wanted.finish());
  out.bytes(all.finish());
  return out.finish();
}

/**
 * @param limit how many answers may still come
 * @throws BAD_MESSAGE, UNSOLICITED for more answers than there were questions
 */
export function decodeFileWishes(payload: Bytes, limit: number): FileWish[] {
  const input = new ByteReader(payload);
  const count = readCount(input, limit);
  const wanted = readBits(input, count);
  const all = readBits(input, wanted.filter(Boolean).length);
  input.end();
  let next = 0;
  return wanted.map((one) => ({ wanted: one, all: one && all[next++] === true }));
}

/** Encodes the answer to chunks: a count and a bit each. */
export function encodeChunkWishes(wishes: readonly boolean[]): Bytes {
  const out = new ByteWriter();
  out.uvarint(wishes.length);
  writeBits(out, wishes);
  return out.finish();
}

/** @see decodeFileWishes */
export function decodeChunkWishes(payload: Bytes, limit: number): boolean[] {
  const input = new ByteReader(payload);
  const wishes = readBits(input, readCount(input, limit));
  input.end();
  return wishes;
}

function readCount(input: ByteReader, limit: number): number {
  const count = input.uvarint();
  if (count > limit) throw new SyncError("UNSOLICITED", `${count} answers to ${limit} questions`);
  return count;
}

/** Writes a bit each, most significant first, and fills the last byte with 0. */
export function writeBits(out: ByteWriter, bits: readonly boolean[]): void {
  const writer = new BitWriter();
  for (const bit of bits) writer.push(bit);
  out.bytes(writer.finish());
}

/** Reads `count` bits; those that only fill the last byte must be 0. */
export function readBits(input: ByteReader, count: number): boolean[] {
  const bytes = input.bytes(Math.ceil(count / 8));
  const reader = new BitReader(bytes);
  const bits: boolean[] = [];
  for (let i = 0; i < count; i++) bits.push(reader.next());
  for (let i = count; i < bytes.length * 8; i++) {
    if (reader.next()) throw new SyncError("BAD_MESSAGE", "a fill bit of a wishlist is set");
  }
  return bits;
}
