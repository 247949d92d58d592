import type { SyncError } from "../../errors.ts";
import type { Phase } from "./records.ts";

/** How far a run is. */
export interface SyncProgress {
  readonly phase: Phase;
  /** Objects and bytes that are settled; while listing, those that were listed. */
  readonly doneObjects: number;
  readonly doneBytes: number;
  /** Those in all, once both listings are complete. */
  readonly totalObjects?: number;
  readonly totalBytes?: number;
  /** Bytes that were copied. */
  readonly copiedBytes: number;
  readonly key?: string;
}

/** What became, or in a dry run would become, of an object at the destination. */
export interface SyncChange {
  readonly change: "new" | "changed" | "deleted";
  readonly key: string;
  readonly sizeBytes: number;
}

/** What a run tells while it goes on. */
export interface SyncEvents {
  readonly onProgress?: (progress: SyncProgress) => void;
  readonly onChange?: (change: SyncChange) => void;
  /** An object failed; the others go on. */
  readonly onTrouble?: (error: SyncError) => void;
  readonly onNotice?: (text: string) => void;
}
