import { SyncError } from "../../errors.ts";

/** How many requests are under way. */
export const slotLimits = Object.freeze({
  /** Objects under way at a time, at most, unless told otherwise. */
  slotCount: 32,
  /** The part of its slots that a run keeps when a server asks for fewer requests. */
  pushbackFactor: 0.7,
  /** Milliseconds in which one such answer counts: many come together. */
  pushbackMs: 1000,
  /** Bytes of content that wait in memory, at most, unless one part alone is longer. */
  memoryBytes: 100_663_296,
  /** Objects that fail one behind another, after which a run stops: it is not them. */
  failuresInRowCount: 100,
});

/**
 * Slots for work, of which there are fewer for a while when a server asks for that, and one more
 * after as many successes as there are.
 */
export class Slots {
  readonly #most: number;
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #taken = 0;
  #successCount = 0;
  #pushedMs = Number.NEGATIVE_INFINITY;

  constructor(most: number = slotLimits.slotCount, now: () => number = () => performance.now()) {
    this.#most = most;
    this.#limit = most;
    this.#now = now;
  }

  /** Slots that there are now. */
  get limit(): number {
    return this.#limit;
  }

  /** A server asks for fewer requests. */
  pushBack(): void {
    const now = this.#now();
    if (now - this.#pushedMs < slotLimits.pushbackMs) return;
    this.#pushedMs = now;
    this.#successCount = 0;
    this.#limit = Math.max(1, Math.floor(this.#limit * slotLimits.pushbackFactor));
  }

  /** Waits for a slot. */
  async take(): Promise<void> {
    if (this.#taken < this.#limit) return void this.#taken++;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Gives a slot back. */
  give(succeeded: boolean): void {
    if (succeeded && ++this.#successCount >= this.#limit && this.#limit < this.#most) {
      this.#limit++;
      this.#successCount = 0;
    }
    this.#taken--;
    while (this.#taken < this.#limit && this.#waiting.length > 0) {
      this.#taken++;
      this.#waiting.shift()!();
    }
  }
}

/** Counts failures in a row of objects that have nothing in common. */
export class Breaker {
  #failuresInRow = 0;

  succeeded(): void {
    this.#failuresInRow = 0;
  }

  /** @throws the failure, when there were too many in a row */
  failed(failure: SyncError): void {
    if (++this.#failuresInRow < slotLimits.failuresInRowCount) return;
    const { code, message, cause } = failure;
    throw new SyncError(
      code,
      `${slotLimits.failuresInRowCount} objects failed in a row, the last with: ${message}`,
      {
        cause,
      },
    );
  }
}
