/** Bytes a second below which another connection is not worth its start. */
const leastRate = 1 << 20;
/** How much faster twice the connections have to be, for still more to be tried. */
const worthwhileFactor = 1.25;
/** Seconds after which a number of connections is judged: in the first of them they start. */
const settlingSeconds = 2;

/**
 * Finds out how many connections a transfer gains from, by doubling them as long as that makes it
 * faster. One stays one where it fills the line, but for one that was tried.
 */
export class Growth {
  readonly #maxCount: number;
  #wantedCount = 1;
  #secondCount = 0;
  /** Bytes a second with half as many. */
  #rateBefore = 0;
  #isDone = false;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /**
   * Takes how many bytes moved in a second, and how many connections there are.
   *
   * @returns how many there should be
   */
  observe(bytesPerSecond: number, connectionCount: number): number {
    const isSettled = connectionCount >= this.#wantedCount && bytesPerSecond >= leastRate;
    this.#secondCount = isSettled ? this.#secondCount + 1 : 0;
    if (this.#secondCount < settlingSeconds || this.#isDone) return this.#wantedCount;
    const isFaster = bytesPerSecond >= this.#rateBefore * worthwhileFactor;
    this.#isDone = !isFaster || this.#wantedCount === this.#maxCount;
    if (this.#isDone) return this.#wantedCount;
    this.#rateBefore = bytesPerSecond;
    this.#secondCount = 0;
    this.#wantedCount = Math.min(this.#maxCount, 2 * this.#wantedCount);
    return this.#wantedCount;
  }
}
