/**
 * Room in memory for content, handed out in the order in which it is asked for. Who needs more than
 * there is at all gets it alone.
 */
export class ByteRoom {
  readonly #waiting: { readonly bytes: number; begin(): void }[] = [];
  readonly #most: number;
  #used = 0;

  /** @param bytes of it, in all */
  constructor(bytes: number) {
    this.#most = bytes;
  }

  /** True while somebody waits for room. */
  get isWanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** Waits for room of so many bytes, does work in it, and gives it back. */
  async use<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting.length > 0 || !this.#fits(bytes))
      await new Promise<void>((begin) => this.#waiting.push({ bytes, begin }));
    else this.#used += bytes;
    try {
      return await work();
    } finally {
      this.#used -= bytes;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#used += next.bytes;
      next.begin();
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#most;
  }
}
