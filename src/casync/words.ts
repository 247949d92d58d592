import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/*
 * The numbers of casync: 64 bits, the lowest byte first. Sizes and offsets are read as numbers,
 * words whose bits count as big integers.
 */

/** Bytes of a number. */
export const wordBytes = 8;

/** A view to read and write numbers of some bytes. */
export function viewOf(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A size or offset. @throws BAD_MESSAGE for one that no file can have */
export function readSize(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  if (high >= 0x200000)
    throw new SyncError("BAD_MESSAGE", "a size or offset has more than 53 bits", { detail: { offset: at } });
  return high * 2 ** 32 + view.getUint32(at, true);
}

/** Writes a size or offset. */
export function writeSize(view: DataView, at: number, size: number): void {
  view.setUint32(at, size % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(size / 2 ** 32), true);
}

/** A word whose bits count. */
export function readWord(view: DataView, at: number): bigint {
  return view.getBigUint64(at, true);
}

/** Bytes of several words after one another; those that are numbers are sizes. */
export function words(...values: readonly (bigint | number)[]): Bytes {
  const bytes = new Uint8Array(wordBytes * values.length);
  const view = viewOf(bytes);
  values.forEach((value, i) => view.setBigUint64(wordBytes * i, BigInt.asUintN(64, BigInt(value)), true));
  return bytes;
}
