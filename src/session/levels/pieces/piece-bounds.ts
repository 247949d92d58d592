import { type GearPieceRule, gearPieceSizes, pieceLimits } from "../../../chunk/piece-rules.ts";

/** How much one end tells the other of pieces at once (docs/limits.md). */
export const pieceTellingLimits = Object.freeze({
  /** Content of the pieces of one group, unless it is a single piece. */
  groupBytes: 262_144,
  /** A part of a file ends with the group that makes it so long, or with the file. */
  partBytes: 524_288,
  /** Content of a large file that is told before it is known how much of it differs. */
  aheadBytes: 16_777_216,
  /** Groups of a file after which it is given up when nothing of them was found. */
  unlikeGroupCount: 4,
  /** Groups by which it is told whether much of a file differs. */
  tellingGroupCount: 8,
  /** Parts that were checked, after which the sender is told in any case. */
  checkedCount: 64,
  /** An old version whose small pieces are told for one gap, at most. */
  gapBytes: 262_144,
  /** And at most so many times what is missing there, and one piece more. */
  gapTimes: 4,
  /** Bytes of answers that a WISH_PIECES frame aims at. */
  answersFrameBytes: 262_144,
});

const { gapBytes, gapTimes, groupBytes, partBytes } = pieceTellingLimits;

/** Bytes of a part of a file, at most: its last group may have one piece alone. */
export const maxPartBytes = partBytes - 1 + Math.max(groupBytes, pieceLimits.longestPieceBytes);

/** Pieces that a file can have. */
export function maxPieceCount(sizeBytes: number, rule: GearPieceRule): number {
  return Math.floor(sizeBytes / gearPieceSizes(rule).minBytes) + 1;
}

/** Pieces that one group can have. */
export function maxGroupCount(rule: GearPieceRule): number {
  return maxPieceCount(groupBytes, rule);
}

/** Bytes of an old version that are told of where so many pieces are missing, at most. */
export function maxGapBytes(missingCount: number, { averageBytes }: GearPieceRule): number {
  return Math.min(gapBytes, gapTimes * (missingCount + 1) * averageBytes);
}

/** Small pieces that these can have. */
export function maxGapCount(missingCount: number, rule: GearPieceRule): number {
  return Math.floor(maxGapBytes(missingCount, rule) / pieceLimits.shortestPieceBytes) + 1;
}
