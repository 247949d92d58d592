import { BitReader, BitWriter } from "../bytes/bits.ts";
import { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { unzigzag, zigzag } from "../bytes/varint.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { compareMacBytes } from "./levels/pieces/mac-widths.ts";

/**
 * The receiver's answer to a file. `nothing`: its content is here. `all`: send it with the list.
 * `ask`: send the list, some may be here. Else an old version is here.
 */
export type FileAnswer = "nothing" | "all" | "ask" | OldAnswer;

/** The receiver has an older version of a file. */
export interface OldAnswer {
  /** Its length. */
  readonly oldBytes: number;
  /** The first 8 bytes of its MAC: with a version of the same length, and only then. */
  readonly mac?: Bytes;
}

const answerCodes = ["nothing", "all", "ask"] as const;
const oldCode = 3;

/** Encodes answers to files, whose lengths at the sender are given: a WISH_FILES payload. */
export function encodeFileAnswers(answers: readonly FileAnswer[], sizes: readonly number[]): Bytes {
  const out = new ByteWriter();
  out.uvarint(answers.length);
  const codes = new BitWriter();
  for (const answer of answers) {
    const code = typeof answer === "string" ? answerCodes.indexOf(answer) : oldCode;
    codes.push(code >= 2);
    codes.push(code % 2 === 1);
  }
  out.bytes(codes.finish());
  for (const [i, answer] of answers.entries()) {
    if (typeof answer !== "string") out.uvarint(zigzag(answer.oldBytes - sizes[i]!));
  }
  for (const answer of answers) {
    if (typeof answer !== "string" && answer.mac) out.bytes(answer.mac);
  }
  return out.finish();
}

/**
 * @param limit how many files await an answer
 * @param sizeAt the length of each of them, the oldest being 0
 * @throws BAD_MESSAGE, UNSOLICITED for more answers than there were questions
 */
export function decodeFileAnswers(
  payload: Bytes,
  limit: number,
  sizeAt: (i: number) => number,
): FileAnswer[] {
  const input = new ByteReader(payload);
  const count = readCount(input, limit);
  const bits = readBits(input, 2 * count);
  const codes = Array.from({ length: count }, (_, i) => (bits[2 * i] ? 2 : 0) + (bits[2 * i + 1] ? 1 : 0));
  const oldBytes = codes.map((code, i) => (code === oldCode ? sizeAt(i) + unzigzag(input.uvarint()) : 0));
  if (oldBytes.some((bytes) => bytes < 0 || bytes > Number.MAX_SAFE_INTEGER))
    throw new SyncError("BAD_MESSAGE", "an old version of no possible length");
  const answers = codes.map((code, i): FileAnswer => {
    if (code !== oldCode) return answerCodes[code]!;
    const isCompared = oldBytes[i] === sizeAt(i);
    return { oldBytes: oldBytes[i]!, ...(isCompared && { mac: input.bytes(compareMacBytes).slice() }) };
  });
  input.end();
  return answers;
}

/** Encodes the answers to chunks, or others of one bit each: a count and the bits. */
export function encodeBits(bits: readonly boolean[]): Bytes {
  const out = new ByteWriter();
  out.uvarint(bits.length);
  writeBits(out, bits);
  return out.finish();
}

/**
 * @param limit how many answers may still come
 * @throws BAD_MESSAGE, UNSOLICITED for more answers than there were questions
 */
export function decodeBits(payload: Bytes, limit: number): boolean[] {
  const input = new ByteReader(payload);
  const bits = readBits(input, readCount(input, limit));
  input.end();
  return bits;
}

function readCount(input: ByteReader, limit: number): number {
  const count = input.uvarint();
  if (count > limit) throw new SyncError("UNSOLICITED", `${count} answers to ${limit} questions`);
  return count;
}

/**
 * Writes a bit each, most significant first, and fills the last byte with 0. Most lists have one:
 * a `BitWriter` for each would cost more than the rest of it.
 */
export function writeBits(out: ByteWriter, bits: readonly boolean[]): void {
  let byte = 0;
  for (let i = 0; i < bits.length; i++) {
    if (bits[i] === true) byte |= 0x80 >> (i % 8);
    if (i % 8 < 7 && i + 1 < bits.length) continue;
    out.u8(byte);
    byte = 0;
  }
}

/** Reads `count` bits; those that only fill the last byte must be 0. */
export function readBits(input: ByteReader, count: number): boolean[] {
  const bytes = input.bytes(Math.ceil(count / 8));
  const reader = new BitReader(bytes);
  const bits = new Array<boolean>(count);
  for (let i = 0; i < count; i++) bits[i] = reader.next();
  for (let i = count; i < bytes.length * 8; i++) {
    if (reader.next()) throw new SyncError("BAD_MESSAGE", "a fill bit of a wishlist is set");
  }
  return bits;
}
