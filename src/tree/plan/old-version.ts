import { pieceLimits, pieceRuleFor, type GearPieceRule } from "../../chunk/piece-rules.ts";
import type { OldVersion } from "../target.ts";

/** An old version that is so many times as long as the new one is not read to its end for that. */
const longerTimes = 16;

/**
 * What a target answers about a file that stands where another one comes: an old version where the
 * new one may be equal, or can share pieces with it; undefined where asking is worth nothing.
 */
export function oldVersionOf(newBytes: number, oldBytes: number): OldVersion | undefined {
  if (newBytes === oldBytes) return newBytes > 0 ? { oldBytes } : undefined;
  const isWorth = pieceRuleOf(newBytes, oldBytes) !== undefined && oldBytes <= longerTimes * newBytes;
  return isWorth ? { oldBytes } : undefined;
}

/** How both versions of a file are cut into pieces; undefined when it is not worth it. */
export function pieceRuleOf(newBytes: number, oldBytes: number): GearPieceRule | undefined {
  if (Math.min(newBytes, oldBytes) < pieceLimits.piecedFileBytes) return undefined;
  return pieceRuleFor(Math.max(newBytes, oldBytes));
}
