/** Room in memory for what comes in, handed out in the order in which it is asked for. */
export class ByteRoom {
  readonly #waiting: { readonly bytes: number; begin(): void }[] = [];
  #free: number;

  /** @param bytes of it, in all */
  constructor(bytes: number) {
    this.#free = bytes;
  }

  /**
   * Waits for room, does work in it, and gives it back.
   *
   * @param bytes no more than there are in all
   */
  async use<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting.length > 0 || bytes > this.#free)
      await new Promise<void>((begin) => this.#waiting.push({ bytes, begin }));
    else this.#free -= bytes;
    try {
      return await work();
    } finally {
      this.#free += bytes;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && next.bytes <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.bytes;
      next.begin();
    }
  }
}
