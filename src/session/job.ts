import { SyncError } from "../errors.ts";
import type { EntryPlace } from "../tree/entry/entry-order.ts";
import type { CutRun } from "../tree/source.ts";

/**
 * Files of an ENTRIES frame that are not done, and the size of the frame: what a one-way sender
 * settles itself.
 */
export interface Announced {
  open: number;
  readonly bytes: number;
}

/** A file that was announced. */
export interface Job<File> {
  readonly file: File;
  readonly entry: number;
  /** Bytes that it was announced with. */
  readonly size: number;
  readonly place: EntryPlace;
  /** True once it is clear that its content is sent without a question for each chunk. */
  unasked: boolean;
  readonly announced: Announced;
  /** Chunks that are not answered, or wanted and not sent. */
  open: number;
}

/** A file that is being cut. */
export interface Cutting<File> {
  readonly job: Job<File>;
  /** Where its next run starts. */
  offset: number;
  /** True once its list has ended: the source may still go on. */
  ended: boolean;
}

/**
 * A run as it may be told of: a list beyond the announced size would be refused, so its file ends
 * as one that changed.
 */
export function withinSize<File>(run: CutRun<File>, { job, offset }: Cutting<File>): CutRun<File> {
  if (offset + run.bytes.length <= job.size) return run;
  const end = new SyncError("CHANGED", "a file is longer than when it was listed");
  return { file: run.file, sizes: [], ids: new Uint8Array(), bytes: new Uint8Array(), end };
}
