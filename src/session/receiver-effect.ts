import type { CutterSpec } from "../chunk/cutter.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import type { SyncError } from "../errors.ts";
import type { Entry, Layout } from "../tree/entry/entry.ts";
import type { ListedChunks, Placement } from "../tree/target.ts";
import type { Bytes } from "../types.ts";
import type { Squeeze } from "./frame.ts";
import type { FrameType } from "./frame-types.ts";
import type { FilePart } from "./levels/pieces/file-parts.ts";
import type { VersionSizes } from "./levels/pieces/group-rule.ts";
import type { PieceGroup, PieceRun } from "./levels/pieces/piece-codec.ts";
import { emptyOutlook, type Outlook } from "./outlook.ts";

/**
 * What the receiver's state machine wants done; its result, if any, is given back before it goes
 * on.
 */
export type ReceiverEffect =
  | { readonly do: "send"; readonly type: FrameType; readonly payload: Bytes; readonly squeeze: Squeeze }
  | {
      readonly do: "open";
      readonly cutter: CutterSpec;
      readonly digest: ChunkDigest;
      readonly layout: Layout;
      readonly search: boolean;
      /** True when a sender that nothing can be told counts on content that is here. */
      readonly keepOld: boolean;
      /** The key of the MACs, where old versions are used. */
      readonly macKey: Bytes | undefined;
      /** True when the sender wants to hear what becomes of each path. */
      readonly tells: boolean;
      /** The source, where its files are removed when they have arrived. */
      readonly removedSource: string | undefined;
    }
  /** Begin to read what is in the place of this directory. */
  | { readonly do: "readSubtrees"; readonly topName: Bytes }
  /**
   * Wait for that, unless it is much more than so many entries; gives the directories, each behind
   * those that lie in it, or undefined.
   */
  | { readonly do: "takeSubtrees"; readonly entryCount: number }
  | { readonly do: "plan"; readonly entries: readonly Entry[]; readonly first: number }
  | { readonly do: "place"; readonly lists: readonly ListedChunks[] }
  | { readonly do: "write"; readonly placements: readonly Placement[] }
  | { readonly do: "finish"; readonly files: readonly { readonly entry: number; readonly size: number }[] }
  /** Compute the MACs of old versions; undefined for those that cannot be read. */
  | { readonly do: "compare"; readonly entries: readonly number[] }
  /** The old version is the new one. */
  | { readonly do: "keepOld"; readonly entry: number }
  /** It is not; gives true when the new one is not wanted. */
  | { readonly do: "differs"; readonly entry: number }
  /** Look for pieces in an old version; gives a `PieceAnswer`. */
  | {
      readonly do: "match";
      readonly entry: number;
      readonly group: PieceGroup;
      readonly sizes: VersionSizes;
    }
  /** Put together what comes next of a new version. */
  | { readonly do: "fill"; readonly entry: number; readonly run: PieceRun }
  /** Put the rest of a part together; gives true when it has its MAC. */
  | { readonly do: "check"; readonly entry: number; readonly part: FilePart }
  /** Put a part that came once more; gives true when it has its MAC. */
  | { readonly do: "replace"; readonly entry: number; readonly part: FilePart; readonly content: Bytes }
  | { readonly do: "abandon"; readonly entry: number; readonly reason: SyncError }
  | { readonly do: "commit"; readonly whole: boolean };

/** Running totals of a receiver. */
export interface ReceiverTotals extends Outlook {
  /** Entries that were listed. */
  entries: number;
  /** Entries below directories that were told to be complete; known at the end. */
  sameEntries: number;
  /** Files whose content was brought up to date. */
  files: number;
  /** Bytes of content of these files. */
  finishedBytes: number;
  /** Bytes of content that chunk lists described. */
  chunkBytes: number;
  /** Bytes of content that came over the wire, before compression. */
  receivedBytes: number;
  /** Bytes of content that were here already, or came once and were used again. */
  reusedBytes: number;
  /** Entries that could not be brought about. */
  failed: number;
  /** Devices, FIFOs and sockets that are not kept, and left as they are. */
  skipped: number;
  /** Those of them that the sender gave up: it has them among its `troubles`. */
  failedAtSender: number;
  /** Files and directories that were deleted because the sender does not have them. */
  deleted: number;
  /** Bytes that other sessions have yet to bring before files of this one are complete. */
  missingBytes: number;
  /** Paths that the sender could not list or read. */
  troubles: number;
}

/** A frame to the sender. */
export function send(type: FrameType, payload: Bytes, squeeze: Squeeze): ReceiverEffect {
  return { do: "send", type, payload, squeeze };
}

/** Totals of a session in which nothing has happened yet. */
export function noReceiverTotals(): ReceiverTotals {
  return {
    ...emptyOutlook(),
    entries: 0,
    sameEntries: 0,
    files: 0,
    finishedBytes: 0,
    chunkBytes: 0,
    receivedBytes: 0,
    reusedBytes: 0,
    failed: 0,
    skipped: 0,
    deleted: 0,
    missingBytes: 0,
    failedAtSender: 0,
    troubles: 0,
  };
}
