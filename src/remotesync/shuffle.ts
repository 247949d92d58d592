import { invertPermutation, type Permutation } from "./permutation.ts";

/** Stands at the positions of a shuffled list that carry no chunk. */
export const placeholder = -1;

/**
 * The delay line that makes the cyclic shuffle: every value put in comes out 0 to k - 1 puts later.
 *
 * A shuffler with `invertPermutation(perm)`, fed with what one with `perm` returned, gives the
 * values back in their first order.
 *
 * @see docs/formats.md, the cyclic shuffle
 */
export class Shuffler<T> {
  readonly #perm: Permutation;
  readonly #slots: (T | undefined)[];
  #next = 0;

  /** @param perm a checked permutation */
  constructor(perm: Permutation) {
    this.#perm = perm;
    this.#slots = new Array<T | undefined>(perm.length).fill(undefined);
  }

  /** Puts a value in, or nothing; returns what is due, or nothing. */
  put(value: T | undefined): T | undefined {
    const slot = this.#next;
    this.#next = slot + 1 === this.#slots.length ? 0 : slot + 1;
    this.#slots[this.#perm[slot]!] = value;
    return this.#slots[slot];
  }
}

/** Shuffles a list: k - 1 more elements than went in, undefined for each placeholder. */
export function* shuffle<T>(values: Iterable<T>, perm: Permutation): Generator<T | undefined> {
  const shuffler = new Shuffler<T>(perm);
  for (const value of values) yield shuffler.put(value);
  for (let i = 1; i < perm.length; i++) yield shuffler.put(undefined);
}

/**
 * Restores the order that `shuffle` changed.
 *
 * @returns the values without placeholders; after element t of the input come at most t - k + 2 of
 *   them
 */
export function* unshuffle<T>(shuffled: Iterable<T | undefined>, perm: Permutation): Generator<T> {
  const restorer = new Shuffler<T>(invertPermutation(perm));
  for (const element of shuffled) {
    const value = restorer.put(element);
    if (value !== undefined) yield value;
  }
}

/**
 * Which of `count` chunks, by its place in the list, stands at each of the count + k - 1 positions.
 */
export function shuffledOrder(count: number, perm: Permutation): Int32Array {
  const order = new Int32Array(count + perm.length - 1);
  const shuffler = new Shuffler<number>(perm);
  for (let t = 0; t < order.length; t++) order[t] = shuffler.put(t < count ? t : undefined) ?? placeholder;
  return order;
}
