import { SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";

/** Stands at the entry of a store's methods: it lets calls in until the store is closed. */
export class Gate {
  #closed = false;

  /**
   * Call it first in every method.
   *
   * @throws STATE when the store is closed; the signal's reason when it is aborted
   */
  enter(options: AbortOptions | undefined): void {
    options?.signal?.throwIfAborted();
    if (this.#closed) throw new SyncError("STATE", "the store is closed");
  }

  /** Shuts the gate; true the first time. */
  close(): boolean {
    const first = !this.#closed;
    this.#closed = true;
    return first;
  }
}
