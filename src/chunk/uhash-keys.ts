import type { Bytes } from "../types.ts";
import type { SubkeySource } from "./mac-subkeys.ts";

/** Bytes that the first layer of UHASH makes 8 of. */
export const nhBlockBytes = 1024;

/** Bytes by which the key of the first layer advances from one word of the hash to the next. */
export const nhKeyStepBytes = 16;

/** The greatest prime below 2^36, by which the third layer reckons. */
export const prime36 = 2 ** 36 - 5;

/** The keys of UHASH as numbers. */
export interface UhashKeys {
  /** Of the first layer: 256 numbers of 32 bits, and 4 for each further word of the hash. */
  readonly nh: Uint32Array;
  readonly words: readonly UhashWordKeys[];
}

/** The keys of one word of the hash. Long numbers are digits of 16 bits, the lowest first. */
export interface UhashWordKeys {
  /** Of the short polynomial: 4 digits. */
  readonly short: Float64Array;
  /** Of the long polynomial: 8 digits. */
  readonly long: Float64Array;
  /** Of the third layer: 8 numbers less than `prime36`, that of the lowest digit first. */
  readonly inner: Float64Array;
  /** What the word is under at last, 32 bits. */
  readonly mask: number;
}

/**
 * Takes the keys from the subkeys, as RFC 4418 §5.1 says.
 *
 * @param wordCount 32-bit words of the hash, 1 to 4
 */
export function uhashKeys(subkeys: SubkeySource, wordCount: number): UhashKeys {
  const nhBytes = nhBlockBytes + (wordCount - 1) * nhKeyStepBytes;
  const nh = viewOf(subkeys(1, nhBytes));
  const poly = viewOf(subkeys(2, 24 * wordCount));
  const inner = viewOf(subkeys(3, 64 * wordCount));
  const masks = viewOf(subkeys(4, 4 * wordCount));
  return {
    nh: Uint32Array.from({ length: nhBytes / 4 }, (_, i) => nh.getUint32(4 * i)),
    words: Array.from({ length: wordCount }, (_, i) => ({
      short: polynomialKey(poly, 24 * i, 4),
      long: polynomialKey(poly, 24 * i + 8, 8),
      inner: Float64Array.from({ length: 8 }, (_, j) => innerKey(inner, 64 * i + 8 * (7 - j))),
      mask: masks.getUint32(4 * i),
    })),
  };
}

/** Of each 32 bits the lower 25. */
function polynomialKey(key: DataView, at: number, digitCount: number): Float64Array {
  return Float64Array.from({ length: digitCount }, (_, i) => {
    const digit = key.getUint16(at + 2 * (digitCount - 1 - i));
    return i % 2 === 0 ? digit : digit & 0x01ff;
  });
}

/** 64 bits modulo `prime36`. */
function innerKey(key: DataView, at: number): number {
  const high = key.getUint32(at);
  const low36 = (high % 16) * 2 ** 32 + key.getUint32(at + 4);
  return (low36 + 5 * Math.floor(high / 16)) % prime36;
}

function viewOf(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
