import { limbsOf128, limbsOf64, Polynomial } from "./uhash-polynomial.ts";

/** Blocks that are hashed modulo a prime of 64 bits; those behind go by one of 128 bits. */
export const shortPolyBlockCount = 16384;

/** Bytes of the key of the second layer a word: 8 for the short polynomial, 16 for the long one. */
export const polyKeyBytes = 24;

/** Bytes of the first key of the third layer a word: eight numbers of 64 bits. */
export const innerKeyBytes = 64;

/** Bytes of its second key a word: a mask. */
export const outerKeyBytes = 4;

const high = limbsOf64;

/**
 * The second and third layer of UHASH for one word of the hash: from the 64 bits that the first
 * layer makes of each block to the 32 bits of the word.
 */
export class UhashWord {
  readonly #short: Polynomial;
  readonly #long: Polynomial;
  readonly #inner: Float64Array;
  readonly #outer: number;
  /** The hash of the last block, which the second layer takes in when another one follows. */
  readonly #last = new Float64Array(limbsOf64);
  /** What the long polynomial takes in at a time: the hashes of two blocks. */
  readonly #pair = new Float64Array(limbsOf128);
  #blockCount = 0;

  constructor(index: number, polyKey: DataView, innerKey: DataView, outerKey: DataView) {
    const polyAt = index * polyKeyBytes;
    this.#short = new Polynomial(polynomialKey(polyKey, polyAt, limbsOf64));
    this.#long = new Polynomial(polynomialKey(polyKey, polyAt + 8, limbsOf128));
    this.#inner = Float64Array.from({ length: limbsOf128 }, (_, i) => {
      const at = index * innerKeyBytes + 8 * i;
      const top = innerKey.getUint32(at);
      return modulo36((top % 16) * 2 ** 32 + innerKey.getUint32(at + 4) + 5 * Math.floor(top / 16));
    });
    this.#outer = outerKey.getUint32(index * outerKeyBytes);
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

  /** Returns the limbs of the second layer; 4 where the number has no more than 64 bits. */
  #endPolynomial(): Float64Array {
    if (this.#blockCount === 1) return this.#last;
    this.#addLast();
    if (this.#blockCount <= shortPolyBlockCount) return this.#short.value;
    const pair = this.#pair;
    const endAt = this.#blockCount % 2 === 0 ? high : 0;
    pair.fill(0, 0, endAt + limbsOf64);
    pair[endAt + limbsOf64 - 1] = 0x8000;
    this.#long.add(pair);
    return this.#long.value;
  }

  /** The third layer: an inner product modulo a prime of 36 bits, cut to 32, under the mask. */
  #mix(limbs: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < limbs.length; i++) sum += fold36(limbs[i]! * this.#inner[limbsOf128 - 1 - i]!);
    return (modulo36(fold36(sum)) ^ this.#outer) >>> 0;
  }
}

/** A key of the second layer: of each 32 bits the lower 25. */
function polynomialKey(key: DataView, at: number, limbCount: number): Float64Array {
  return Float64Array.from({ length: limbCount }, (_, i) => {
    const limb = key.getUint16(at + 2 * (limbCount - 1 - i));
    return i % 2 === 0 ? limb : limb & 0x01ff;
  });
}

/** A number that is the same modulo 2^36 - 5, and less than 2^36 + 2^20 for one below 2^53. */
function fold36(number: number): number {
  const top = Math.floor(number / 2 ** 36);
  return number - top * 2 ** 36 + 5 * top;
}

/** The remainder of a number below 2^37. */
function modulo36(number: number): number {
  const prime = 2 ** 36 - 5;
  return number >= prime ? number - prime : number;
}
