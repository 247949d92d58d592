import { type SyncError, withPath } from "../errors.ts";
import { type EntryPlace, printEntryPath } from "../tree/entry/entry-order.ts";
import { encodeUnlisted } from "./closing.ts";
import { sessionLimits } from "./limits.ts";
import type { OutgoingFrames } from "./outgoing-frames.ts";
import type { SenderTotals } from "./sender-action.ts";

interface SenderTroublesOptions {
  readonly onTrouble?: (error: SyncError) => void;
}

/**
 * What a sender cannot send and what the receiver cannot bring about: counted in the totals, and
 * reported to the caller.
 */
export class SenderTroubles {
  readonly #totals: SenderTotals;
  readonly #frames: OutgoingFrames;
  readonly #options: SenderTroublesOptions;
  /** Files that were reported. */
  readonly #unsent = new WeakSet<EntryPlace>();

  constructor(totals: SenderTotals, frames: OutgoingFrames, options: SenderTroublesOptions) {
    this.#totals = totals;
    this.#frames = frames;
    this.#options = options;
  }

  /**
   * A path is left out, of which the receiver is told.
   *
   * @param isUntold true where the path itself is listed, and only something of it cannot be told
   */
  unlisted(error: SyncError, isUntold: boolean): void {
    if (isUntold) this.#totals.untold += 1;
    if (this.#totals.troubles < sessionLimits.keptTroubleCount)
      this.#frames.send("UNLISTED", encodeUnlisted(error));
    this.#count(error);
  }

  /** A file that was listed cannot be sent, or not all of it: once, though each chunk may fail. */
  unsent(place: EntryPlace | undefined, reason: SyncError): void {
    if (place === undefined || this.#unsent.has(place)) return;
    this.#unsent.add(place);
    this.#count(withPath(reason, printEntryPath(place)));
  }

  /** The receiver could not bring an entry about, or does not keep what it is. */
  failed(error: SyncError): void {
    this.#totals[error.code === "SKIPPED" ? "skipped" : "failed"] += 1;
    this.#options.onTrouble?.(error);
  }

  #count(error: SyncError): void {
    this.#totals.troubles += 1;
    this.#options.onTrouble?.(error);
  }
}
