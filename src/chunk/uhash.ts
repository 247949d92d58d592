import type { Bytes } from "../types.ts";
import type { SubkeySource } from "./mac-subkeys.ts";
import { nhBlockBytes, nhKeyStepBytes, uhashKeys } from "./uhash-keys.ts";
import { UhashWord } from "./uhash-word.ts";

/*
 * UHASH of RFC 4418 §5 in plain TypeScript: the twin of the kernel. A hash of 32, 64, 96 or 128
 * bits is one to four words of 32 bits; each of them is made in the same three layers by keys of
 * its own, of which those of the first layer overlap (Toeplitz).
 */

/** A block is filled up with zeros to a multiple of this. */
const nhStepBytes = 32;

/** Products of 32 and 16 bits whose sum is exact as a double, as bytes of content. */
const exactBytes = 256;

/** Hashes stretches of one buffer. It keeps no more of them than the last unfinished block. */
export class Uhash {
  readonly #buffer: Bytes;
  readonly #view: DataView;
  readonly #block = new Uint8Array(nhBlockBytes);
  readonly #blockView = new DataView(this.#block.buffer);
  readonly #nhKey: Uint32Array;
  readonly #words: readonly UhashWord[];
  #filledBytes = 0;
  #blockCount = 0;

  /** @param wordCount 32-bit words of the hash, 1 to 4 */
  constructor(buffer: Bytes, subkeys: SubkeySource, wordCount: number) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    const { nh, words } = uhashKeys(subkeys, wordCount);
    this.#nhKey = nh;
    this.#words = words.map((keys) => new UhashWord(keys));
  }

  /** Takes in buffer[from .. to). */
  update(from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#filledBytes === 0 && to - at >= nhBlockBytes) {
        this.#take(this.#view, at, nhBlockBytes, nhBlockBytes);
        at += nhBlockBytes;
      } else {
        at += this.#fill(at, to);
      }
    }
  }

  /** Writes the hash of all that was taken in, 4 bytes a word, and begins anew. */
  digest(target: Bytes, targetAt: number): void {
    if (this.#filledBytes > 0 || this.#blockCount === 0) {
      const paddedBytes = Math.max(1, Math.ceil(this.#filledBytes / nhStepBytes)) * nhStepBytes;
      this.#block.fill(0, this.#filledBytes, paddedBytes);
      this.#take(this.#blockView, 0, paddedBytes, this.#filledBytes);
    }
    for (let i = 0; i < this.#words.length; i++)
      writeUint32(target, targetAt + 4 * i, this.#words[i]!.finish());
    this.#filledBytes = 0;
    this.#blockCount = 0;
  }

  #fill(from: number, to: number): number {
    const takenBytes = Math.min(to - from, nhBlockBytes - this.#filledBytes);
    this.#block.set(this.#buffer.subarray(from, from + takenBytes), this.#filledBytes);
    this.#filledBytes += takenBytes;
    if (this.#filledBytes === nhBlockBytes) {
      this.#take(this.#blockView, 0, nhBlockBytes, nhBlockBytes);
      this.#filledBytes = 0;
    }
    return takenBytes;
  }

  /** Takes in a block of which `sizeBytes` are content. */
  #take(view: DataView, at: number, paddedBytes: number, sizeBytes: number): void {
    for (let i = 0; i < this.#words.length; i++) {
      const keyAt = (i * nhKeyStepBytes) / 4;
      hashBlock(view, at, paddedBytes, this.#nhKey, keyAt, 8 * sizeBytes, this.#words[i]!.next());
    }
    this.#blockCount++;
  }
}

/** Writes 32 bits, the highest first. */
function writeUint32(target: Bytes, at: number, number: number): void {
  target[at] = number >>> 24;
  target[at + 1] = number >>> 16;
  target[at + 2] = number >>> 8;
  target[at + 3] = number;
}

/**
 * The first layer, NH: the sum, modulo 2^64, of the products of words four places apart, each with
 * a word of the key added to it. Written to `digits`, with the number of bits of content added.
 */
function hashBlock(
  view: DataView,
  from: number,
  paddedBytes: number,
  key: Uint32Array,
  keyFrom: number,
  bitCount: number,
  digits: Float64Array,
): void {
  let low = bitCount;
  let high = 0;
  const to = from + paddedBytes;
  let keyAt = keyFrom;
  for (let at = from; at < to;) {
    const stop = Math.min(at + exactBytes, to);
    let lowSum = 0;
    let highSum = 0;
    for (; at < stop; at += nhStepBytes, keyAt += 8) {
      for (let i = 0; i < 4; i++) {
        const left = (view.getUint32(at + 4 * i, true) + key[keyAt + i]!) >>> 0;
        const right = (view.getUint32(at + 16 + 4 * i, true) + key[keyAt + 4 + i]!) | 0;
        lowSum += left * (right & 0xffff);
        highSum += left * (right >>> 16);
      }
    }
    low += (lowSum % 2 ** 32) + (highSum % 2 ** 16) * 2 ** 16;
    high += Math.floor(lowSum / 2 ** 32) + Math.floor(highSum / 2 ** 16);
  }
  high += Math.floor(low / 2 ** 32);
  digits[0] = low & 0xffff;
  digits[1] = (low / 2 ** 16) & 0xffff;
  digits[2] = high & 0xffff;
  digits[3] = (high / 2 ** 16) & 0xffff;
}
