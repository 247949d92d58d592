/**
 * Wrong tokens that a network may show before further ones are told so, and for how long they
 * count.
 */
export const failureLimits = Object.freeze({
  /** Attempts within a window. */
  failedAttemptCount: 20,
  /** Milliseconds that a failed attempt counts. */
  failureWindowMs: 60_000,
  /** Milliseconds that the answer to a failed attempt waits. */
  failureDelayMs: 250,
  /** Networks that are remembered. */
  failureAddressCount: 10_000,
});

interface Count {
  count: number;
  readonly endsAt: number;
}

/** Attempts that failed, by network, so that nobody can try many tokens fast. */
export class Failures {
  readonly #counts = new Map<string, Count>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** True for an address that has to wait. */
  isOver(address: string): boolean {
    const found = this.#counts.get(address);
    if (found === undefined) return false;
    if (this.#now() < found.endsAt) return found.count >= failureLimits.failedAttemptCount;
    this.#counts.delete(address);
    return false;
  }

  /** Books a failed attempt, and takes its time. */
  async note(address: string): Promise<void> {
    const found = this.#counts.get(address);
    if (found !== undefined) found.count += 1;
    else this.#counts.set(address, { count: 1, endsAt: this.#now() + failureLimits.failureWindowMs });
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > failureLimits.failureAddressCount) this.#counts.delete(oldest!);
    await new Promise((resolve) => setTimeout(resolve, failureLimits.failureDelayMs));
  }
}
