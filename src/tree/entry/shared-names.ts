import type { EntryKind, SpecialKind } from "./entry.ts";

/** What a listing takes. */
export const listingLimits = Object.freeze({
  /** Names in one answer; further ones are asked for by the last one of it. */
  listedNameCount: 500,
});

/** Something in a directory that is shared. */
export interface SharedName {
  readonly name: string;
  /**
   * `other` for what cannot be had by its name: devices, pipes, sockets, and what has a name that
   * is no UTF-8.
   */
  readonly kind: Exclude<EntryKind, SpecialKind> | "other";
  /** Bytes of a file; 0 for others. */
  readonly size: number;
  readonly mtimeSec: number;
}

/** Some names of a directory, ascending by their bytes. */
export interface SharedNames {
  readonly names: readonly SharedName[];
  /**
   * How the following ones are asked for: the bytes of the last name, in hex. Absent when there are
   * none.
   */
  readonly next?: string;
}

/** What something is as a name that is shared. */
export function sharedKindOf(kind: EntryKind | "other"): SharedName["kind"] {
  return kind === "file" || kind === "dir" || kind === "symlink" ? kind : "other";
}
