const wordCount = 4096;

/** Numbers and content that look random and are the same for the same seed. */
export class Dice {
  #state: number;
  readonly #words: readonly Buffer[];

  constructor(seed: number) {
    this.#state = seed;
    this.#words = Array.from({ length: wordCount }, () => this.#word());
  }

  /** From 0 up to 1, which is never reached. The generator is mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to a bound, which is never reached. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Bytes that do not compress. */
  noise(sizeBytes: number): Buffer {
    return Buffer.from(Uint8Array.from({ length: sizeBytes }, () => this.below(256)));
  }

  /**
   * Lines of words, the first ones far more often than the last: it compresses about as source text
   * does.
   */
  text(sizeBytes: number): Buffer {
    const text = Buffer.alloc(sizeBytes);
    for (let at = 0; at < sizeBytes;) {
      const word = this.#words[Math.floor(wordCount * this.next() ** 3)]!;
      at += word.copy(text, at);
      if (at < sizeBytes) text[at++] = this.below(9) === 0 ? 0x0a : 0x20;
    }
    return text;
  }

  #word(): Buffer {
    const letters = Array.from({ length: 2 + this.below(9) }, () => 0x61 + this.below(26));
    return Buffer.from(letters);
  }
}
