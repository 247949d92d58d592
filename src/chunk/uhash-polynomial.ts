/*
 * Numbers of 64 or 128 bits are arrays of digits of 16 bits, the lowest first: products of two
 * digits, and sums of many, are exact as doubles.
 */

const digitBits = 16;
const digitSize = 2 ** digitBits;

/** Digits of a number of 64 bits. */
export const digitsOf64 = 4;

/** Digits of a number of 128 bits. */
export const digitsOf128 = 8;

/**
 * The polynomial hash of RFC 4418 §5.3, POLY: y = key * y + word, from y = 1 on, modulo a prime
 * just below 2^64 or 2^128.
 */
export class Polynomial {
  readonly #key: Float64Array;
  /** By how much the prime is less than the power of two. */
  readonly #offset: number;
  /** What stands for a word that may not be less than the prime: prime - 1. */
  readonly #marker: Float64Array;
  readonly #product: Float64Array;
  readonly #reduced: Float64Array;
  /** The value, less than the prime. */
  readonly value: Float64Array;

  /** @param key as many digits as the numbers have: 4 or 8 */
  constructor(key: Float64Array) {
    const count = key.length;
    this.#key = key;
    this.#offset = count === digitsOf64 ? 59 : 159;
    this.#marker = new Float64Array(count).fill(digitSize - 1);
    this.#marker[0] = digitSize - this.#offset - 1;
    this.#product = new Float64Array(2 * count);
    this.#reduced = new Float64Array(count);
    this.value = new Float64Array(count);
    this.reset();
  }

  /** Begins anew. */
  reset(): void {
    this.value.fill(0);
    this.value[0] = 1;
  }

  /** Takes in a word. One whose upper 32 bits are all set takes two steps. */
  add(word: Float64Array): void {
    const last = word.length - 1;
    if (word[last] !== digitSize - 1 || word[last - 1] !== digitSize - 1) return this.#step(word);
    this.#step(this.#marker);
    const reduced = this.#reduced;
    reduced.set(word);
    reduced[0]! -= this.#offset;
    this.#step(reduced);
  }

  #step(word: Float64Array): void {
    const { value } = this;
    const key = this.#key;
    const product = this.#product;
    const count = key.length;
    product.fill(0);
    product.set(word);
    for (let i = 0; i < count; i++) {
      const digit = value[i]!;
      for (let j = 0; j < count; j++) product[i + j]! += digit * key[j]!;
    }
    carry(product);
    for (let i = 0; i < count; i++) value[i] = product[i]! + this.#offset * product[count + i]!;
    // What is carried out of the highest digit counts as often as the offset.
    for (let over = carry(value); over !== 0; over = carry(value)) value[0]! += this.#offset * over;
    if (this.#isPrimeOrMore()) {
      value.fill(0, 1);
      value[0]! -= digitSize - this.#offset;
    }
  }

  #isPrimeOrMore(): boolean {
    const { value } = this;
    if (value[0]! < digitSize - this.#offset) return false;
    for (let i = 1; i < value.length; i++) if (value[i] !== digitSize - 1) return false;
    return true;
  }
}

/** Brings all digits below 2^16; returns what is carried out of the highest. */
function carry(digits: Float64Array): number {
  let over = 0;
  for (let i = 0; i < digits.length; i++) {
    const sum = digits[i]! + over;
    over = Math.floor(sum / digitSize);
    digits[i] = sum - over * digitSize;
  }
  return over;
}
