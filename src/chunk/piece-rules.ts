import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { GearSizes } from "./fastcdc-finder.ts";

/** How pieces are cut: by content in pieces of a size on average, or behind line feeds. */
export type PieceRule = GearPieceRule | { readonly kind: "lines" };

/** Cuts by content, as fastcdc does, into pieces from a quarter to four times their average. */
export interface GearPieceRule {
  readonly kind: "gear";
  /** A power of two, 128 to 131072. */
  readonly averageBytes: number;
}

/** The sizes of pieces, and of files that are cut into some. */
export const pieceLimits = Object.freeze({
  piecedFileBytes: 4096,
  pieceCount: 262144,
  averagePieceBytes: 131072,
  longestPieceBytes: 524288,
  shortestPieceBytes: 32,
  lineSampleBytes: 8192,
});

/** Smaller files have small pieces. */
const largeFileBytes = 1024 * 1024;

/** The average in files smaller than that, and in larger ones. */
const smallFileAverageBytes = 1024;
const largeFileAverageBytes = 8192;

/** So many times as small are the pieces of a large file where many are missing. */
const fineTimes = 4;

/** The average of the pieces inside a stretch that is missing. */
export const smallAverageBytes = 128;

/**
 * Bytes that a piece of lines has at least, bytes at which any line feed ends it, and bytes that it
 * has at most.
 */
export const linePieceSizes = Object.freeze({ minBytes: 32, fullBytes: 96, maxBytes: 512 });

/** Bytes of a line of text on average, at most. */
const textLineBytes = 200;

const lineFeed = 10;

/**
 * Says how a changed file is cut into pieces.
 *
 * @returns undefined for a file that is not worth it
 * @see docs/cutters.md, pieces
 */
export function pieceRuleFor(sizeBytes: number): GearPieceRule | undefined {
  if (sizeBytes < pieceLimits.piecedFileBytes) return undefined;
  if (sizeBytes < largeFileBytes) return { kind: "gear", averageBytes: smallFileAverageBytes };
  let averageBytes = largeFileAverageBytes;
  while (averageBytes < pieceLimits.averagePieceBytes && sizeBytes > averageBytes * pieceLimits.pieceCount) {
    averageBytes *= 2;
  }
  return { kind: "gear", averageBytes };
}

/**
 * Says how a large file is cut where many of its pieces are missing.
 *
 * @returns undefined for one that is cut into small pieces anyway
 */
export function finePieceRule({ averageBytes }: GearPieceRule): GearPieceRule | undefined {
  if (averageBytes < largeFileAverageBytes) return undefined;
  return { kind: "gear", averageBytes: averageBytes / fineTimes };
}

/** Says how a missing stretch is cut into small pieces. */
export function smallPieceRule(isText: boolean): PieceRule {
  return isText ? { kind: "lines" } : { kind: "gear", averageBytes: smallAverageBytes };
}

/**
 * Tells text by the first 8 KiB: no NUL, and a line feed in each 200 bytes or less on average. No
 * bytes are no text.
 */
export function looksLikeText(bytes: Bytes): boolean {
  const sample = bytes.subarray(0, pieceLimits.lineSampleBytes);
  if (sample.includes(0)) return false;
  let missingCount = Math.ceil(sample.length / textLineBytes);
  for (let i = 0; i < sample.length; i++) {
    if (sample[i] === lineFeed && --missingCount === 0) return true;
  }
  return false;
}

/**
 * The sizes of the pieces of a rule by gear.
 *
 * @throws UNSUPPORTED for an average that is not a power of two from 128 bytes to 128 KiB
 */
export function gearPieceSizes({ averageBytes }: GearPieceRule): GearSizes {
  const isKnown = Number.isInteger(Math.log2(averageBytes)) && averageBytes >= smallAverageBytes;
  if (!isKnown || averageBytes > pieceLimits.averagePieceBytes) {
    throw new SyncError("UNSUPPORTED", `cannot cut pieces of ${averageBytes} bytes`);
  }
  return { minBytes: averageBytes / 4, averageBytes, maxBytes: 4 * averageBytes };
}
