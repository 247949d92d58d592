import { SyncError } from "../errors.ts";
import { networkOf } from "./network.ts";

/** How many sessions a server holds at one time. */
export const slotLimits = Object.freeze({
  /** Sessions in all. */
  sessionCount: 256,
  /** Sessions with one address, of IPv6 with its first 64 bits. */
  sessionsPerAddressCount: 64,
});

/** Places for sessions; who finds none is refused before anything is done for it. */
export class Slots {
  readonly #sessionCount: number;
  readonly #perAddressCount: number;
  readonly #taken = new Map<string, number>();
  #count = 0;

  constructor(
    sessionCount: number = slotLimits.sessionCount,
    perAddressCount: number = slotLimits.sessionsPerAddressCount,
  ) {
    this.#sessionCount = sessionCount;
    this.#perAddressCount = perAddressCount;
  }

  /** Sessions under way. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes a place.
   *
   * @returns gives it back; may be called twice
   * @throws LIMIT when there is none
   */
  take(address: string): () => void {
    const network = networkOf(address);
    const own = this.#taken.get(network) ?? 0;
    if (this.#count >= this.#sessionCount) throw full("the server", this.#sessionCount);
    if (own >= this.#perAddressCount) throw full("an address", this.#perAddressCount);
    this.#count += 1;
    this.#taken.set(network, own + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#count -= 1;
      const left = this.#taken.get(network)! - 1;
      if (left > 0) this.#taken.set(network, left);
      else this.#taken.delete(network);
    };
  }
}

function full(what: string, limit: number): SyncError {
  return new SyncError("LIMIT", `${what} may have ${limit} sessions at one time`, { detail: { limit } });
}
