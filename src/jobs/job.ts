/** What a job is, for everybody who sees it: plain data, as it travels and as it is kept. */

import type { Order } from "../tree/order/order.ts";

/**
 * Where a job stands. `scheduled`: it makes others at its times. `partial`: all is done but for
 * entries that failed.
 */
export const jobStates = [
  "scheduled",
  "queued",
  "running",
  "aborting",
  "done",
  "partial",
  "failed",
  "aborted",
] as const;
/** One of them. */
export type JobState = (typeof jobStates)[number];

/** The fields of an order that jobs may have. None of them reaches out of the places of a job. */
export const orderNames = [
  "maxDeletedCount",
  "deletesAfterErrors",
  "forcesDirs",
  "refusesEmpty",
  "prunesEmptyDirs",
  "keepsDirLinks",
  "removesSourceFiles",
  "makesPath",
  "copyLinks",
  "copyDirLinks",
  "copyUnsafeLinks",
  "oneFileSystem",
  "omitsMountPoints",
  "flatDirs",
  "paths",
  "filter",
  "deletesExcluded",
  "rule",
  "backupDir",
  "backupSuffix",
  "compareDest",
  "copyDest",
  "linkDest",
  "keep",
  "snapshot",
  "retention",
  "inPlace",
  "preallocates",
  "durability",
  "bytesPerSecond",
  "compressionLevel",
] as const satisfies readonly (keyof Order)[];

/** What a job does with the tree. */
export type OrderOfJob = Pick<Order, (typeof orderNames)[number]>;

/** What somebody wants done. */
export interface JobSpec {
  /** Places by their names here, with a path behind: `photos/2024/`. */
  readonly from: string;
  readonly to: string;
  /** What people call it. */
  readonly title?: string;
  /** True to change nothing, and to count what would change. */
  readonly preview?: boolean;
  readonly order?: OrderOfJob;
  /** Attempts in a row after a connection broke. */
  readonly retries?: number;
  /** Cron's five fields, for a job that makes others. */
  readonly schedule?: string;
}

/** Where a running job stands, and an ended one ended. */
export interface JobProgress {
  /** Entries that were looked at. */
  readonly entries: number;
  /** Files that were brought up to date, and those that are to be, as far as that is known. */
  readonly files: number;
  readonly totalFiles: number;
  /** Bytes of content that need nothing more, and of all where that is known. */
  readonly doneBytes: number;
  readonly totalBytes?: number;
  /** Of those, what came over, and what was there already. */
  readonly newBytes: number;
  readonly reusedBytes: number;
  readonly wireBytes: number;
  readonly failedEntries: number;
  readonly deletedEntries: number;
  /** The name of the file that is under way. */
  readonly name: string;
}

/** Milliseconds from the start, and `doneBytes`, `newBytes` and `wireBytes` at that time. */
export type Sample = readonly [ms: number, doneBytes: number, newBytes: number, wireBytes: number];

/** Changes of one kind. */
export interface ChangeGroup {
  readonly count: number;
  /** Of content that the source has. */
  readonly bytes: number;
  /** The first paths. */
  readonly first: readonly string[];
}

/** What a job would do. */
export interface Preview {
  readonly new: ChangeGroup;
  readonly changed: ChangeGroup;
  /** Those of which only the time or the mode differs. */
  readonly touched: ChangeGroup;
  readonly deleted: ChangeGroup;
  /** Entries that stay as they are. */
  readonly sameEntries: number;
}

/** Why a job failed. */
export interface JobFailure {
  readonly code: string;
  readonly message: string;
}

/** A job. */
export interface Job {
  readonly id: number;
  readonly state: JobState;
  /** Who submitted it. */
  readonly owner: string;
  readonly spec: JobSpec;
  /** The job that it was made of. */
  readonly origin?: number;
  readonly createdMs: number;
  readonly startedMs?: number;
  readonly endedMs?: number;
  /** When a scheduled one makes the next job. */
  readonly nextMs?: number;
  /** How often it was begun. */
  readonly attempts: number;
  readonly progress?: JobProgress;
  readonly preview?: Preview;
  readonly failure?: JobFailure;
}

/** How much a line of a log matters, the most first. `path`: what became of one. */
export const logLevels = ["error", "warning", "info", "path"] as const;
/** One of them. */
export type LogLevel = (typeof logLevels)[number];

/** A line of a log, before it has its number. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly text: string;
  /** The code of what went wrong. */
  readonly code?: string;
}

/** A line of a log. */
export interface LogLine extends LogEntry {
  /** Its number: they count from 0, one by one. */
  readonly at: number;
  readonly timeMs: number;
}

/** Some lines of a log that follow each other. */
export interface LogPage {
  readonly lines: readonly LogLine[];
  /** The first that is still kept, and the one to ask for next. */
  readonly first: number;
  readonly next: number;
  /** How many there have been. */
  readonly end: number;
}

/** True for a job of which nothing more will come. */
export function isOver(state: JobState): boolean {
  return state === "done" || state === "partial" || state === "failed" || state === "aborted";
}
