/** Milliseconds over which a rate is taken. */
const spanMs = 5000;

/** How fast something grows, by what was seen of it in the last seconds. */
export class RecentRate {
  readonly #seen: { readonly atMs: number; readonly bytes: number }[] = [];

  /**
   * Takes note of how much there is now, and returns how much came in a second of the last five.
   */
  note(atMs: number, bytes: number): number {
    const last = this.#seen.at(-1);
    if (last !== undefined && bytes < last.bytes) this.#seen.length = 0; // it began anew
    this.#seen.push({ atMs, bytes });
    while (this.#seen.length > 2 && this.#seen[1]!.atMs <= atMs - spanMs) this.#seen.shift();
    const first = this.#seen[0]!;
    return atMs > first.atMs ? (1000 * (bytes - first.bytes)) / (atMs - first.atMs) : 0;
  }
}
