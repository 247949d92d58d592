import type { GearPieceRule } from "../../../chunk/piece-rules.ts";
import type { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import type { FilePart, PartEnd } from "./file-parts.ts";
import type { GapMacs } from "./piece-codec.ts";

/** A file to be read whole: to compare it, or, by a rule, to cut it into pieces. */
export interface ScanRequest<File> {
  readonly file: File;
  readonly rule: GearPieceRule | undefined;
}

/** What came of reading a file: the MAC of all of it, or the pieces of a part. */
export type Scanned<File> =
  | { readonly do: "compared"; readonly file: File; readonly end: Bytes | SyncError }
  | ({ readonly do: "cut" } & ScannedPieces<File>);

/** Pieces of a file that follow each other. */
export interface ScannedPieces<File> {
  readonly file: File;
  readonly sizes: readonly number[];
  /** 8 bytes each. */
  readonly macs: Bytes;
  readonly bytes: Bytes;
  /** How they were cut. */
  readonly rule: GearPieceRule;
  readonly isText: boolean;
  /** Set on the last of a part, and where the file could not be read to its end. */
  readonly end?: PartEnd | SyncError;
}

/** A run of pieces that the receiver misses, to be made from what it has in their place. */
export interface RunRequest<File> {
  readonly file: File;
  /** Where the run starts in the file. */
  readonly offset: number;
  readonly sizes: readonly number[];
  /** 8 bytes for each piece: what is read again must have them. */
  readonly macs: Bytes;
  /** The content, unless it has to be read again. */
  readonly bytes: Bytes | undefined;
  readonly isText: boolean;
  readonly gap: GapMacs;
  /** True when the receiver does not need it any more. */
  readonly isVain: boolean;
}

/** What is to be done next. */
export type PiecesAction<File> =
  /** Begin to read these files whole; no answer. */
  | { readonly do: "scan"; readonly requests: readonly ScanRequest<File>[] }
  /** Take what comes next of that: `scanned` or `scanEnded`; of one file cut by its finer rule. */
  | { readonly do: "scanStep"; readonly fine: File | undefined }
  /** Make up these runs: `madeRuns`. */
  | { readonly do: "makeRuns"; readonly requests: readonly RunRequest<File>[] }
  /** Read a part of a file again: `partRead`. */
  | { readonly do: "readPart"; readonly file: File; readonly part: FilePart };
