import { prime36, type UhashWordKeys } from "./uhash-keys.ts";
import { digitsOf128, digitsOf64, Polynomial } from "./uhash-polynomial.ts";

/** Blocks that are hashed modulo a prime of 64 bits; those behind go by one of 128 bits. */
export const shortPolyBlockCount = 16384;

const high = digitsOf64;

/**
 * The second and third layer of UHASH for one word of the hash: from the 64 bits that the first
 * layer makes of each block to the 32 bits of the word.
 */
export class UhashWord {
  readonly #short: Polynomial;
  readonly #long: Polynomial;
  readonly #inner: Float64Array;
  readonly #mask: number;
  /** The hash of the last block, which the second layer takes in when another one follows. */
  readonly #last = new Float64Array(digitsOf64);
  /** What the long polynomial takes in at a time: the hashes of two blocks. */
  readonly #pair = new Float64Array(digitsOf128);
  #blockCount = 0;

  constructor({ short, long, inner, mask }: UhashWordKeys) {
    this.#short = new Polynomial(short);
    this.#long = new Polynomial(long);
    this.#inner = inner;
    this.#mask = mask;
  }

  /** Returns the place for the hash of the next block. */
  next(): Float64Array {
    if (this.#blockCount > 0) this.#addLast();
    this.#blockCount++;
    return this.#last;
  }

  /** Returns the word, and begins anew. */
  finish(): number {
    const word = this.#mix(this.#endPolynomial());
    if (this.#blockCount > 1) this.#short.reset();
    if (this.#blockCount > shortPolyBlockCount) this.#long.reset();
    this.#blockCount = 0;
    return word;
  }

  /** Takes in the hash of the last block. */
  #addLast(): void {
    const index = this.#blockCount - 1;
    if (index < shortPolyBlockCount) return this.#short.add(this.#last);
    const pair = this.#pair;
    if (index === shortPolyBlockCount) {
      pair.fill(0, high);
      pair.set(this.#short.value);
      this.#long.add(pair);
    }
    const isFirst = index % 2 === 0;
    pair.set(this.#last, isFirst ? high : 0);
    if (!isFirst) this.#long.add(pair);
  }

  /** Returns the digits of the second layer; 4 where the number has no more than 64 bits. */
  #endPolynomial(): Float64Array {
    if (this.#blockCount === 1) return this.#last;
    this.#addLast();
    if (this.#blockCount <= shortPolyBlockCount) return this.#short.value;
    const pair = this.#pair;
    const endAt = this.#blockCount % 2 === 0 ? high : 0;
    pair.fill(0, 0, endAt + digitsOf64);
    pair[endAt + digitsOf64 - 1] = 0x8000;
    this.#long.add(pair);
    return this.#long.value;
  }

  /** The third layer: an inner product modulo a prime of 36 bits, cut to 32, under the mask. */
  #mix(digits: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < digits.length; i++) sum += fold36(digits[i]! * this.#inner[i]!);
    return (modulo36(fold36(sum)) ^ this.#mask) >>> 0;
  }
}

/** A number that is the same modulo 2^36 - 5, and less than 2^36 + 2^20 for one below 2^53. */
function fold36(number: number): number {
  const top = Math.floor(number / 2 ** 36);
  return number - top * 2 ** 36 + 5 * top;
}

/** The remainder of a number below 2^37. */
function modulo36(number: number): number {
  return number >= prime36 ? number - prime36 : number;
}
