import type { AbortOptions, Bytes } from "../types.ts";
import type { Subtree } from "./entry/subtree-digests.ts";

/**
 * Entries of a tree that is listed at once: to list so many takes less than the round trip in which
 * directories are compared.
 */
export const smallTreeCount = 16_384;

/** How directories are read, to be told by their digests. */
export interface ReadSubtreesOptions extends AbortOptions {
  /** Called now and then, and last, with the number of entries so far; false to give up. */
  readonly goOn: (entryCount: number) => boolean;
}

/** The directories of a source, told by their digests. */
export interface SourceSubtrees {
  /** The name of its top entry, which is a directory; `.` for one that stands for the root. */
  readonly topName: Bytes;
  /**
   * Reads what `entries` will list. Directories of which not all can be told are left out, and told
   * of by `entries`.
   *
   * @returns each directory behind those that lie in it; undefined when it gave up
   */
  read(options: ReadSubtreesOptions): Promise<readonly Subtree[] | undefined>;
}

/** Reads what a target has in the place of a directory; it may have none. */
export type ReadTargetSubtrees = (
  topName: Bytes,
  options: ReadSubtreesOptions,
) => Promise<readonly Subtree[] | undefined>;
