import type { ChunkCoding } from "../casync/chunk-coding.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import type { SyncError } from "../errors.ts";
import type { LivenessOptions } from "../session/liveness.ts";
import type { AbortOptions } from "../types.ts";

/** How chunks go from one store to another. */
export interface MirrorOptions extends AbortOptions, LivenessOptions {
  /** What chunks are named by, at both ends; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /**
   * The form of casync, in which chunks travel, by the compressor of this end; a portable one
   * unless given.
   */
  readonly coding?: ChunkCoding;
  /** Chunks under way in the store at a time; 192, and no more than 12 MiB take, unless given. */
  readonly jobCount?: number;
  /** Bytes of chunks that are taken at most, in the form in which they travel; any unless given. */
  readonly maxBytes?: number;
  /** Called for each chunk that could not be read, or was damaged. */
  readonly onTrouble?: (error: SyncError) => void;
  /** Called whenever the totals have changed. */
  readonly onProgress?: (totals: MirrorTotals) => void;
}

/** What has become of the chunks so far. */
export interface MirrorTotals {
  /** Chunks that the sender named. */
  readonly listed: number;
  /** Those that the receiver lacked, and got. */
  readonly moved: number;
  /** Those that it lacked, and did not get. */
  readonly failed: number;
  /** Bytes of those that travelled, as they did. */
  readonly movedBytes: number;
}

/** Totals while they are counted. */
export type ChangingMirrorTotals = { -readonly [Name in keyof MirrorTotals]: number };

/** Totals before anything was counted. */
export function noMirrorTotals(): ChangingMirrorTotals {
  return { listed: 0, moved: 0, failed: 0, movedBytes: 0 };
}

/** What became of all of them. */
export interface MirrorSummary extends MirrorTotals {
  /** Bytes on the wire in each direction, everything included. */
  readonly wireSentBytes: number;
  readonly wireReceivedBytes: number;
}
