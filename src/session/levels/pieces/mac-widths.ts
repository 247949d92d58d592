import { smallAverageBytes } from "../../../chunk/piece-rules.ts";
import { pieceTellingLimits } from "./piece-bounds.ts";

/** Bytes of the MAC by which a file of the same size is compared: the first ones of the whole. */
export const compareMacBytes = 8;

/** Bytes of the MAC of a piece, at least and at most. */
const minBytes = 3;
const maxBytes = 6;
/**
 * Of so many small pieces at both ends two that differ agree once in 2^11 times or less; the MAC of
 * their part of the file shows it.
 */
const spareBits = 11;

/**
 * Bytes of each MAC of the pieces of a file. With one more, the MACs would take more than the parts
 * that come once more because a piece of them was matched wrongly by chance.
 */
export function pieceWidth(newBytes: number, oldBytes: number, averageBytes: number): number {
  const partBits = bitsOf(Math.min(newBytes, pieceTellingLimits.partBytes));
  return widthOf(bitsOf(Math.floor(oldBytes / averageBytes)) + partBits);
}

/**
 * Bytes of each MAC of the small pieces of a gap.
 *
 * @param count small pieces that are told
 * @param rowBytes about how long the pieces are that are missing in a row up to the end of the gap
 */
export function gapWidth(count: number, rowBytes: number): number {
  return widthOf(bitsOf(Math.ceil(rowBytes / smallAverageBytes)) + bitsOf(count) + spareBits);
}

function widthOf(bits: number): number {
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
