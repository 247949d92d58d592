import { SyncError } from "../errors.ts";

/** Bounds of what may be on its way to a peer that tells nothing of it. */
export const unseenLimits = Object.freeze({
  /** Bytes that systems and proxies on the way may hold, after which no more patience is earned. */
  unseenBytes: 8_388_608,
  /** Bytes a second at which a peer has to take them, at least. */
  unseenRateBytes: 1024,
});

/** Ends what waits for a peer for too long without a sign of life. */
export class StallWatch {
  readonly #limitMs: number;
  readonly #rateBytes: number;
  readonly #onStall: (error: SyncError) => void;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #waitingFrom: number | undefined;
  /** When all that was sent has come, at the least rate. */
  #arrivedAt = 0;

  /**
   * @param limitMs how long one wait may take; 0 for ever. It is noticed up to a quarter late.
   * @param onStall gets STALLED, once
   * @param rateBytes bytes a second that the peer takes at least of what is sent; 0 for any
   */
  constructor(
    limitMs: number,
    onStall: (error: SyncError) => void,
    rateBytes: number = unseenLimits.unseenRateBytes,
  ) {
    this.#limitMs = limitMs;
    this.#onStall = onStall;
    this.#rateBytes = rateBytes;
    if (limitMs > 0) this.#timer = setInterval(() => this.#look(), Math.max(1, limitMs / 4));
  }

  /**
   * So many bytes are handed to the system. They leave its buffers unseen, and it may take no more
   * for as long: a peer that is merely slow has the time that they need.
   */
  sent(bytes: number): void {
    if (this.#rateBytes === 0) return void (this.#arrivedAt = Number.POSITIVE_INFINITY);
    const now = performance.now();
    const latest = now + (1000 * unseenLimits.unseenBytes) / this.#rateBytes;
    const expected = Math.max(now, this.#arrivedAt) + (1000 * bytes) / this.#rateBytes;
    this.#arrivedAt = Math.min(expected, latest);
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
    if (this.#waitingFrom === undefined) return;
    const silentMs = performance.now() - Math.max(this.#waitingFrom, this.#arrivedAt);
    if (silentMs < this.#limitMs) return;
    this.close();
    this.#onStall(new SyncError("STALLED", `nothing came from the peer for ${this.#limitMs} ms`));
  }
}
