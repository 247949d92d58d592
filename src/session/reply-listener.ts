import { SyncError, toSyncError } from "../errors.ts";
import type { Bell } from "./bell.ts";
import type { Link } from "./link.ts";
import type { SenderCore } from "./sender-core.ts";

/** What the listener needs of a sender's core, of whatever files that is. */
type ListeningCore = Pick<SenderCore<never>, "received" | "done">;

/** Feeds what the receiver says to the core, up to DONE, and wakes who waits for it. */
export class ReplyListener {
  readonly #link: Link;
  readonly #core: ListeningCore;
  readonly #bell: Bell;
  #listening: Promise<void> = Promise.resolve();
  #failure: SyncError | undefined;

  constructor(link: Link, core: ListeningCore, bell: Bell) {
    this.#link = link;
    this.#core = core;
    this.#bell = bell;
  }

  /** Listens from now on. What goes wrong is told by `check` and `judge`. */
  listen(): Promise<void> {
    this.#listening = this.#hear().catch((thrown: unknown) => {
      this.#failure = toSyncError(thrown);
      void this.#link.fail(this.#failure, true);
      this.#bell.ring();
    });
    return this.#listening;
  }

  /** @throws what went wrong with the receiver */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * What became of a session whose work broke off: nothing when the receiver was done by then, for
   * that is all that counts. Of a write that failed and what the receiver said before it went, the
   * latter is the reason.
   *
   * @throws why the session failed
   */
  async judge(thrown: unknown): Promise<void> {
    if (this.#link.broken) await this.#listening;
    if (this.#core.done === undefined) throw this.#failure ?? thrown;
  }

  /** Leaves a receiver that is done. */
  async leave(): Promise<void> {
    this.#link.linger();
    await this.#link.leave();
  }

  async #hear(): Promise<void> {
    for await (const frame of this.#link.frames()) {
      this.#core.received(frame);
      this.#bell.ring();
      if (this.#core.done !== undefined) return;
    }
    throw new SyncError("PEER_GONE", "the receiver closed before it was done");
  }
}
