import { SyncError } from "../errors.ts";
import type { EntryPlace } from "../tree/entry/entry-order.ts";
import type { ChunkGroup } from "./levels/chunks/chunk-groups.ts";
import type { Expected } from "./levels/chunks/coming-chunks.ts";
import type { UnsettledFrame } from "./ledger.ts";

/**
 * What a sender says of a file: whether an old version is the same, its pieces, its chunks with a
 * question for each, or its chunks and their content at once; nothing while it is checked.
 */
export type Awaits = "same" | "pieces" | "asked" | "pushed" | "check";

/** A file whose content a receiver waits for. */
export interface FileState {
  readonly entry: number;
  readonly place: EntryPlace;
  /** What the sender is to say of it next. */
  awaits: Awaits;
  /** Bytes of the old version, for one that is made from that. */
  readonly oldBytes: number | undefined;
  readonly unsettled: UnsettledFrame;
  /** Bytes that it was announced with: its list may not be longer. */
  readonly size: number;
  /** Bytes listed so far, or told of in parts: where the next group or part starts. */
  listed: number;
  /** Chunks listed and not in place. */
  missing: number;
  ended: boolean;
  /** True when its content was counted as such that is made. */
  isFilled: boolean;
  /** Groups of its pieces that are not in place. */
  openGroups: number;
  /** Given up, or up to date already: what still comes for it is dropped. */
  dropped: boolean;
}

/** A file of which nothing was listed. */
export function openFile({
  entry,
  place,
  size,
  unsettled,
  awaits,
  oldBytes,
}: Pick<FileState, "entry" | "place" | "size" | "unsettled" | "awaits" | "oldBytes">): FileState {
  return {
    entry,
    place,
    size,
    unsettled,
    awaits,
    oldBytes,
    listed: 0,
    missing: 0,
    ended: false,
    isFilled: false,
    openGroups: 0,
    dropped: false,
  };
}

/** A place in a file where a chunk has to go. */
export interface Place {
  readonly file: FileState;
  readonly offset: number;
  readonly unsettled: UnsettledFrame;
}

/** @throws LIMIT when so many more bytes of its list make it longer than it was announced */
export function checkLength({ listed, size: limit }: FileState, bytes: number): void {
  const actual = listed + bytes;
  if (actual <= limit) return;
  throw new SyncError("LIMIT", "a file is longer than it was announced", { detail: { actual, limit } });
}

/**
 * Sizes of the chunks of a group that become content here: of a file that is dropped only what
 * comes all the same.
 */
export function sizesToCome({ sizes, pushed = [] }: ChunkGroup, { dropped }: FileState): readonly number[] {
  return dropped ? sizes.filter((_, i) => pushed[i] === true) : sizes;
}

/**
 * Where a chunk goes that several places wait for. One for which nobody waits any more goes to the
 * target, too: the sender counts on its being there.
 */
export function placesFor({ place, others = [] }: Expected<Place>): readonly Place[] {
  const open = [place, ...others].filter(isAwaited);
  return open.length > 0 ? open : [place];
}

function isAwaited({ file }: Place): boolean {
  return !file.dropped;
}
