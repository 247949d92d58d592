import { finePieceRule, type GearPieceRule } from "../../../chunk/piece-rules.ts";
import type { Bytes } from "../../../types.ts";
import type { Job } from "../../job.ts";
import { pieceTellingLimits } from "./piece-bounds.ts";
import { MissingRuns } from "./missing-runs.ts";

/** A file of which the receiver has an old version. */
export interface PiecedFile<File> {
  readonly job: Job<File>;
  readonly oldBytes: number;
  /** The receiver's MAC, for one that is compared first. */
  readonly mac: Bytes | undefined;
  readonly rule: GearPieceRule | undefined;
  readonly missing: MissingRuns;
  /** Bytes announced in pieces, and those of them that were answered. */
  offset: number;
  answeredBytes: number;
  /** Groups that were answered, and runs of pieces that are missing in them. */
  groupCount: number;
  runCount: number;
  /** The part of which groups are announced. */
  part: OpenPart<File> | undefined;
  /** Parts whose check was not answered. */
  uncheckedCount: number;
  /** True once the receiver found nothing of it in its old version. */
  isUnlike: boolean;
  /** True once it was announced to its end. */
  isListed: boolean;
}

/** True for a file in which pieces are missing here and there: it is cut by its finer rule. */
export function isScattered<File>({ groupCount, runCount }: PiecedFile<File>): boolean {
  return groupCount >= pieceTellingLimits.tellingGroupCount && runCount > groupCount;
}

/** True when so much of a file is not answered that it is not yet known how to go on cutting. */
export function isFarAhead<File>(pieced: PiecedFile<File>): boolean {
  const { rule, offset, answeredBytes } = pieced;
  if (rule === undefined || finePieceRule(rule) === undefined || isScattered(pieced)) return false;
  return offset >= pieceTellingLimits.aheadBytes + 2 * answeredBytes;
}

/** A part of a file of which groups were announced. */
export interface OpenPart<File> {
  readonly pieced: PiecedFile<File>;
  readonly offset: number;
  bytes: number;
  /** Groups of it that are not answered, or not carried out. */
  open: number;
}

/** A file of which nothing was announced. */
export function piecedFile<File>(
  job: Job<File>,
  oldBytes: number,
  how: { readonly mac: Bytes } | { readonly rule: GearPieceRule },
): PiecedFile<File> {
  return {
    job,
    oldBytes,
    mac: "mac" in how ? how.mac : undefined,
    rule: "rule" in how ? how.rule : undefined,
    missing: new MissingRuns(),
    offset: 0,
    answeredBytes: 0,
    groupCount: 0,
    runCount: 0,
    part: undefined,
    uncheckedCount: 0,
    isUnlike: false,
    isListed: false,
  };
}
