import { SyncError } from "../../errors.ts";
import type { ObjectBucket } from "../object-bucket.ts";

/** Where one side's objects are: their keys begin with the prefix, and the rest of them pairs. */
export interface SyncSide {
  readonly bucket: ObjectBucket;
  /** Nothing, or with a slash at its end. */
  readonly prefix: string;
}

/**
 * When two objects are taken for equal. All need equal sizes. `checksum`: by ETags and checksums
 * that providers keep, or by content; `time`: when the copy was written later; `size`: always.
 */
export type Comparison = "checksum" | "time" | "size";

/** What decides over the plan: a state that was made with other rules is of another job. */
export interface JobRules {
  readonly compare: Comparison;
  readonly deletes: boolean;
  /** Stands for the filter: rules of rsync as texts. */
  readonly filter: readonly string[];
  /** What keys begin with that are backups, and not deleted. */
  readonly backupPrefix?: string | undefined;
}

/** What a run is about, as a state records it. */
export interface Job extends JobRules {
  readonly source: string;
  readonly destination: string;
}

/** Names a side, with its prefix. */
export function nameOf({ bucket: { url }, prefix }: SyncSide): string {
  return prefix === "" ? url : `${url}/${prefix}`;
}

/**
 * Checks that a recorded job may go on, or be followed, as this one.
 *
 * @param isUnfinished true when work is left of it
 * @throws USAGE with both pairs, or with what is ruled otherwise
 */
export function checkJob(recorded: Job, job: Job, isUnfinished: boolean): void {
  if (recorded.source !== job.source || recorded.destination !== job.destination)
    throw new SyncError(
      "USAGE",
      `this state is of ${recorded.source} to ${recorded.destination}, not of ${job.source} to ${job.destination}`,
    );
  if (!isUnfinished) return;
  for (const name of ["compare", "deletes", "filter", "backupPrefix"] as const)
    if (JSON.stringify(recorded[name]) !== JSON.stringify(job[name]))
      throw new SyncError(
        "USAGE",
        `an unfinished run is recorded that was started with other rules (${name}); give the same, or --restart`,
      );
}
