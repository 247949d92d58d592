import type { OldVersion } from "../target.ts";

/** Bytes of files that are worth comparing piece by piece, both the new one and the old one. */
export const minPiecedBytes = 4096;

/**
 * What a target answers about a file that stands where another one comes: an old version where the
 * new one may be equal, or can share pieces with it; undefined where asking is worth nothing.
 */
export function oldVersionOf(newBytes: number, oldBytes: number): OldVersion | undefined {
  const isWorth = newBytes === oldBytes ? newBytes > 0 : Math.min(newBytes, oldBytes) >= minPiecedBytes;
  return isWorth ? { oldBytes } : undefined;
}
