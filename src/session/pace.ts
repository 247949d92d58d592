/**
 * Whether a peer that owes something keeps to the least pace that is asked of it: every byte that
 * moves earns time, waiting spends it.
 */
export class Pace {
  readonly #msPerByte: number;
  readonly #limitMs: number;
  #leftMs: number;

  /**
   * @param minRateBytes bytes a second; at least 1
   * @param limitMs how long the pace may be below that: time that is earned and not needed is not
   *   saved beyond it
   */
  constructor(minRateBytes: number, limitMs: number) {
    this.#msPerByte = 1000 / minRateBytes;
    this.#limitMs = limitMs;
    this.#leftMs = limitMs;
  }

  /** So many bytes are on their way, and may take their time. */
  allow(bytes: number): void {
    this.#leftMs += bytes * this.#msPerByte;
  }

  /** They have moved. */
  settle(): void {
    this.#leftMs = Math.min(this.#leftMs, this.#limitMs);
  }

  /** Time was spent waiting; false when it was too much. */
  spend(ms: number): boolean {
    this.#leftMs -= ms;
    return this.#leftMs >= 0;
  }
}
