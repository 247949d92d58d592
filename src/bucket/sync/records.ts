/** Where a run is. Deletions need both listings complete, and come after all copies. */
export type Phase = "listing" | "copying" | "deleting" | "done";

/** What is to be done about a key: copied, copied unless contents turn out to be equal, deleted. */
export type TaskAction = "copy" | "ask" | "delete";

/** Something to do, by what the listings said. Keys are without the prefixes of the sides. */
export interface Task {
  readonly key: string;
  readonly action: TaskAction;
  readonly sizeBytes: number;
  /** The ETag and the mark of the source; of the destination for a deletion. */
  readonly etag: string | undefined;
  readonly mark: string;
  /** The mark of what the destination has; null when it has nothing. */
  readonly replaces: string | null;
}

/** Counts of a run, which are kept with it. */
export interface Counts {
  readonly sourceObjects: number;
  readonly sourceBytes: number;
  readonly destinationObjects: number;
  readonly equal: number;
  readonly copied: number;
  readonly copiedBytes: number;
  readonly deleted: number;
  readonly vanished: number;
}

/** A key whose contents were found equal, by the marks that they had. */
export interface KnownPair {
  readonly key: string;
  readonly sourceMark: string;
  readonly destinationMark: string;
}

/** One of the objects that were drawn from the source's listing. */
export interface DrawnObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly priority: number;
}

/** An upload in parts that was begun. */
export interface BegunUpload {
  readonly id: string;
  readonly mark: string;
  readonly partBytes: number;
}

/** A run that ended. */
export interface PastRun {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly counts: Counts;
}

/** The counts of a run that begins. */
export const noCounts: Counts = {
  sourceObjects: 0,
  sourceBytes: 0,
  destinationObjects: 0,
  equal: 0,
  copied: 0,
  copiedBytes: 0,
  deleted: 0,
  vanished: 0,
};
