import type { Bytes } from "../types.ts";
import type { Squeeze } from "./frame.ts";
import type { FrameType } from "./frame-types.ts";
import type { PiecesAction } from "./levels/pieces/piece-work.ts";
import { emptyOutlook, type Outlook } from "./outlook.ts";

/** Say a frame. */
export interface SendAction {
  readonly do: "send";
  readonly type: FrameType;
  readonly payload: Bytes;
  readonly squeeze: Squeeze;
}

/**
 * What the sender's state machine wants done next. Each is done before `next` is called again; only
 * the answers to `readSubtrees`, `list`, `step` and `scanStep` may come later.
 */
export type SenderAction<File> =
  /** Read the digests of directories: `sawSubtrees`, and `subtrees`. */
  | { readonly do: "readSubtrees" }
  | SendAction
  /** Say END; the transcript is known where frames are written: `saidEnd`. */
  | { readonly do: "end" }
  /** Take the next batch from the source's listing: `listed` or `listingEnded`. */
  | { readonly do: "list" }
  /** Begin to cut these files; no answer. */
  | { readonly do: "cut"; readonly files: readonly File[] }
  /** Take the next runs of the cut that was begun: `cut` or `cutEnded`. */
  | { readonly do: "step" }
  | PiecesAction<File>
  /** Read a chunk again: `readAgain`. */
  | { readonly do: "read"; readonly file: File; readonly offset: number; readonly size: number }
  | { readonly do: "finish" };

/** Running totals of a sender. */
export interface SenderTotals extends Outlook {
  /** Entries that were listed. */
  entries: number;
  /** Entries below directories of which the receiver has all, which were not listed. */
  sameEntries: number;
  /** Files whose chunk list was sent. */
  files: number;
  /**
   * Files whose chunk list was sent, and all of their content that was asked for; and their content
   * in bytes.
   */
  finishedFiles: number;
  finishedBytes: number;
  chunks: number;
  /** Bytes of content that the chunk lists describe. */
  chunkBytes: number;
  /** Bytes of content that were sent, before compression. */
  sentBytes: number;
  /** Bytes of content that the receiver said it has, or that were sent for another place. */
  reusedBytes: number;
  /** Paths that could not be listed or read. */
  troubles: number;
  /** How many of them are about something of an entry that cannot be told; the entry itself is. */
  untold: number;
  /** Entries that the receiver could not bring about. */
  failed: number;
  /** Devices, FIFOs and sockets that the receiver does not keep. */
  skipped: number;
  /** Files and directories that the receiver deleted, known at the end. */
  deleted: number;
  /** Bytes that others have yet to bring before files are complete, known at the end. */
  missingBytes: number;
}

/** Totals of a session in which nothing has happened yet. */
export function noTotals(): SenderTotals {
  return {
    ...emptyOutlook(),
    finishedFiles: 0,
    finishedBytes: 0,
    entries: 0,
    sameEntries: 0,
    files: 0,
    chunks: 0,
    chunkBytes: 0,
    sentBytes: 0,
    reusedBytes: 0,
    troubles: 0,
    untold: 0,
    failed: 0,
    skipped: 0,
    deleted: 0,
    missingBytes: 0,
  };
}
