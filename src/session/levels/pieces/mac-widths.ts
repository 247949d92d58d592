import { smallAverageBytes } from "../../../chunk/piece-rules.ts";

/** Bytes of the MAC by which a file of the same size is compared: the first ones of the whole. */
export const compareMacBytes = 8;

/** Bytes of the MAC of a piece, at least and at most. */
const minBytes = 3;
const maxBytes = 6;
/**
 * Of so many pieces at both ends two that differ agree once in 2^11 times or less; the MAC of their
 * part of the file shows it.
 */
const spareBits = 11;

/** Bytes of each MAC of the pieces of a file, by the numbers of them at both ends, about. */
export function pieceWidth(newBytes: number, oldBytes: number, averageBytes: number): number {
  const [newCount, oldCount] = [newBytes, oldBytes].map((bytes) => Math.floor(bytes / averageBytes));
  return widthFor(newCount!, oldCount!);
}

/**
 * Bytes of each MAC of the small pieces of a gap.
 *
 * @param count small pieces that are told
 * @param rowBytes about how long the pieces are that are missing in a row up to the end of the gap
 */
export function gapWidth(count: number, rowBytes: number): number {
  return widthFor(Math.ceil(rowBytes / smallAverageBytes), count);
}

function widthFor(newCount: number, oldCount: number): number {
  const bits = bitsOf(newCount) + bitsOf(oldCount) + spareBits;
  return Math.min(maxBytes, Math.max(minBytes, Math.ceil(bits / 8)));
}

/** Bits of a number: 0 for 0, 4 for 12. */
function bitsOf(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 32 + bitsOf(Math.floor(value / 2 ** 32));
}

/** Reads a MAC of `width` bytes, at most 6, as a number. */
export function macAt(macs: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = at; i < at + width; i++) value = value * 256 + macs[i]!;
  return value;
}
