import type { GearPieceRule } from "../../../chunk/piece-rules.ts";
import type { Bytes } from "../../../types.ts";
import type { Job } from "../../job.ts";
import { MissingRuns } from "./missing-runs.ts";

/** A file of which the receiver has an old version. */
export interface PiecedFile<File> {
  readonly job: Job<File>;
  readonly oldBytes: number;
  /** The receiver's MAC, for one that is compared first. */
  readonly mac: Bytes | undefined;
  readonly rule: GearPieceRule | undefined;
  readonly missing: MissingRuns;
  /** Bytes announced in pieces. */
  offset: number;
  /** The part of which groups are announced. */
  part: OpenPart<File> | undefined;
  /** Parts whose check was not answered. */
  uncheckedCount: number;
  /** True once the receiver found nothing of it in its old version. */
  isUnlike: boolean;
  /** True once it was announced to its end. */
  isListed: boolean;
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
    part: undefined,
    uncheckedCount: 0,
    isUnlike: false,
    isListed: false,
  };
}
