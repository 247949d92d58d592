import { SyncError } from "../errors.ts";

/** Ends what waits for a peer for too long without a sign of life. */
export class StallWatch {
  readonly #limitMs: number;
  readonly #onStall: (error: SyncError) => void;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #waitingFrom: number | undefined;

  /**
   * @param limitMs how long one wait may take; 0 for ever. It is noticed up to a quarter late.
   * @param onStall gets STALLED, once
   */
  constructor(limitMs: number, onStall: (error: SyncError) => void) {
    this.#limitMs = limitMs;
    this.#onStall = onStall;
    if (limitMs > 0) this.#timer = setInterval(() => this.#look(), Math.max(1, limitMs / 4));
  }

  /** Waits for the peer; only this time counts. One wait at a time. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    this.#waitingFrom = performance.now();
    try {
      return await promise;
    } finally {
      this.#waitingFrom = undefined;
    }
  }

  /** The same stream; each wait for its next block counts. */
  async *watch<T>(source: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const iterator = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.wait(iterator.next());
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  /** Stops watching. May be called twice. */
  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#waitingFrom === undefined || performance.now() - this.#waitingFrom < this.#limitMs) return;
    this.close();
    this.#onStall(new SyncError("STALLED", `nothing came from the peer for ${this.#limitMs} ms`));
  }
}
