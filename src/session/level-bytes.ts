import { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** What windows are counted for, each at its number (docs/protocol.md §7). */
const levels = ["entries", "chunks", "data"] as const;

/** One of them. */
export type Level = (typeof levels)[number];

/** Bytes at each level. */
export type LevelBytes = Readonly<Record<Level, number>>;

/** The bytes of levels as pairs of a number and a count, without those that are as known. */
export function levelPairs(bytes: LevelBytes, known: LevelBytes): number[] {
  return levels.flatMap((level, number) => (bytes[level] === known[level] ? [] : [number, bytes[level]]));
}

/**
 * Reads such pairs; what is left out is as it is known.
 *
 * @throws BAD_MESSAGE for half a pair, a level that is not known, and numbers that do not ascend
 */
export function readLevelPairs(pairs: readonly number[], known: LevelBytes): LevelBytes {
  const bytes = { ...known };
  let last = -1;
  for (let at = 0; at < pairs.length; at += 2) {
    const [number, count] = [pairs[at]!, pairs[at + 1]];
    const level = levels[number];
    if (level === undefined || count === undefined || number <= last)
      throw new SyncError("BAD_MESSAGE", "the levels of a message are not in order");
    bytes[level] = count;
    last = number;
  }
  return bytes;
}

const nothing: LevelBytes = { entries: 0, chunks: 0, data: 0 };

/** Encodes a CREDIT payload (docs/protocol.md §7). */
export function encodeCredit(settled: LevelBytes): Bytes {
  const out = new ByteWriter();
  for (const number of levelPairs(settled, nothing)) out.uvarint(number);
  return out.finish();
}

/** Decodes a CREDIT payload. @throws BAD_MESSAGE */
export function decodeCredit(payload: Bytes): LevelBytes {
  const input = new ByteReader(payload);
  const pairs: number[] = [];
  while (input.remaining > 0 && pairs.length < 2 * levels.length) pairs.push(input.uvarint());
  input.end();
  return readLevelPairs(pairs, nothing);
}
