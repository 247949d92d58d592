import type { Random } from "./random.ts";

/** Something that was drawn, and the number by which it was. */
export interface Drawn<Item> {
  readonly item: Item;
  readonly priority: number;
}

/**
 * Draws so many items of a row whose length is not known: each gets a random number, and those
 * with the least numbers stay. Every set of that size is exactly as likely as any other, and a
 * draw can be left and taken up again.
 */
export class Draw<Item> {
  readonly #count: number;
  readonly #random: Random;
  /** A heap, the greatest number first. */
  readonly #heap: Drawn<Item>[] = [];

  constructor(count: number, random: Random, drawn: readonly Drawn<Item>[] = []) {
    this.#count = count;
    this.#random = random;
    for (const one of drawn) this.#put(one);
  }

  /**
   * Takes the next item into account.
   *
   * @param make the item, when it is drawn
   * @param weight how much likelier it is to be drawn first than one of weight 1; 0 is never drawn
   * @returns true when it is among those drawn so far
   */
  offer(make: () => Item, weight = 1): boolean {
    // Of exponential times with such rates, one ends first with a chance in proportion.
    const priority = -Math.log(1 - this.#random()) / weight;
    if (!Number.isFinite(priority) || this.#count === 0) return false;
    if (this.#heap.length === this.#count && priority >= this.#heap[0]!.priority) return false;
    this.#put({ item: make(), priority });
    return true;
  }

  /** What is drawn so far, the least number first. */
  get drawn(): readonly Drawn<Item>[] {
    return this.#heap.toSorted((a, b) => a.priority - b.priority);
  }

  #put(one: Drawn<Item>): void {
    if (this.#heap.length < this.#count) {
      this.#heap.push(one);
      this.#rise();
    } else {
      this.#heap[0] = one;
      this.#sink();
    }
  }

  /** Moves the last up to its place. */
  #rise(): void {
    for (let at = this.#heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (this.#heap[parent]!.priority >= this.#heap[at]!.priority) return;
      this.#swap(parent, at);
      at = parent;
    }
  }

  /** Moves the first down to its place. */
  #sink(): void {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let most = at;
      for (const child of [left, right])
        if (child < this.#heap.length && this.#heap[child]!.priority > this.#heap[most]!.priority)
          most = child;
      if (most === at) return;
      this.#swap(at, most);
      at = most;
    }
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }
}

const lackOfConfidence = 0.05;

/**
 * The part of all that is different at most, with 95 % confidence, when so many were drawn of it
 * and some of these were.
 */
export function mostDifferentAfter(checked: number, different: number): number {
  if (checked === 0 || different === checked) return 1;
  if (different === 0) return 1 - lackOfConfidence ** (1 / checked);
  // Bound of Hoeffding: it holds for any part that is different.
  return Math.min(1, different / checked + Math.sqrt(Math.log(1 / lackOfConfidence) / (2 * checked)));
}
