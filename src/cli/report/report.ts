import type { SyncError } from "../../errors.ts";
import type { TreeChange } from "../../tree/entry/entry.ts";

/** How far a command is. All sizes in bytes, of content unless said otherwise. */
export interface Progress {
  /** Content gone through so far. */
  readonly doneBytes: number;
  /** Content in all, where that is known. */
  readonly totalBytes?: number;
  /** The part of it that had to travel. */
  readonly newBytes: number;
  /** The part of it that did not have to: what is left of it unless given. */
  readonly reusedBytes?: number;
  /** Everything that travelled, in both directions. */
  readonly wireBytes?: number;
  readonly entries?: number;
  readonly files?: number;
  /** Files in all, as far as they were listed. */
  readonly totalFiles?: number;
  /** The name of the file under way, without the directories it is in. */
  readonly name?: string;
  /** Bytes of that file, and up to which of them it was gone through. */
  readonly file?: { readonly size: number; readonly offset: number };
}

/** Content that did not have to travel; none where more of it came again than there is. */
export function reusedBytesOf({ doneBytes, newBytes, reusedBytes = doneBytes - newBytes }: Progress): number {
  return Math.max(0, reusedBytes);
}

/** How many paths would be new, have other content, or only another mode or time, or go. */
export type ChangeCounts = Record<TreeChange["change"], number>;

/** How a command ended. */
export interface Summary extends Progress {
  /** Bytes on the wire in each direction by type of frame, for those that a session has. */
  readonly frames?: object;
  readonly action: "sent" | "received" | "compared" | "checked" | "copied" | "listed" | "rebuilt";
  /** Entries that failed here or at the other end. */
  readonly failedEntries?: number;
  /** Devices, FIFOs and sockets that are not kept. */
  readonly skippedEntries?: number;
  /** Files and directories that the sender does not have and that were deleted. */
  readonly deletedEntries?: number;
  /** Bytes that other sessions have yet to bring before files of this one are complete. */
  readonly missingBytes?: number;
  /** What would become of how many paths. */
  readonly changes?: ChangeCounts;
  /** How many paths differ, and how. */
  readonly differences?: Readonly<Record<"missing" | "extra" | "different", number>>;
  /** Bytes of the files that would be new, or may have other content. */
  readonly changedBytes?: number;
  /** Digest of the whole session, in hex: equal at both ends. */
  readonly digest?: string;
}

/** Where a command says how it goes. May be called as often as there is something to say. */
export interface Report {
  progress(progress: Progress): void;
  /** Keeps the line of progress away until there is more to show. */
  hideProgress(): void;
  /** One entry failed; the others go on. */
  trouble(error: SyncError): void;
  /** What would become of a path; said always, for it is what was asked for. */
  change(change: TreeChange): void;
  /**
   * What became of a path that was received, and of one that was deleted; absent where nobody is
   * shown that.
   */
  readonly received?: (change: TreeChange) => void;
  readonly deleted?: (change: TreeChange) => void;
  /** A part of what was asked for: as a line, and for programs as an event of this name. */
  result(event: string, line: string, facts: object): void;
  /** Something to know that is no failure; the facts are for programs. */
  notice(text: string, facts?: Readonly<Record<string, string | number>>): void;
  summary(summary: Summary): void;
  /** Says how far it is, for somebody asked. */
  status(): void;
  /** The command failed: the last call. */
  failure(error: SyncError): void;
}

/** Milliseconds between two progress reports, at least. */
const progressPauseMs = 200;

/** True when a progress report is due; the caller makes it then. */
export function progressPace(): () => boolean {
  let lastMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (nowMs - lastMs < progressPauseMs) return false;
    lastMs = nowMs;
    return true;
  };
}
