/** UHASH as RFC 4418 writes it down, in whole numbers of any size. */
import type { SubkeySource } from "../../../src/chunk/mac-subkeys.ts";

const blockBytes = 1024;

/** The hash of a message, 4 bytes a word. */
export function naiveUhash(subkeys: SubkeySource, message: Uint8Array, wordCount: number): Uint8Array {
  const key = subkeys(1, 1024 + (wordCount - 1) * 16);
  const words = Array.from({ length: wordCount }, (_, i) =>
    naiveWord(subkeys, i, layer1(key.subarray(i * 16, i * 16 + 1024), message)),
  );
  return concat(words);
}

/** A word of the hash, of what the first layer makes of the blocks. */
export function naiveWord(subkeys: SubkeySource, index: number, hashes: Uint8Array): Uint8Array {
  const keyOf = (layer: number, size: number): Uint8Array =>
    subkeys(layer, (index + 1) * size).subarray(index * size);
  const b = hashes.length === 8 ? hashes : layer2(keyOf(2, 24), hashes);
  return bytesOf(layer3(keyOf(3, 64), keyOf(4, 4), b), 4);
}

function layer1(key: Uint8Array, message: Uint8Array): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < message.length; at += blockBytes) {
    const block = message.subarray(at, at + blockBytes);
    const sum = nh(key, zeroPadded(block, 32)) + BigInt(8 * block.length);
    hashes.push(bytesOf(BigInt.asUintN(64, sum), 8));
  }
  return concat(hashes);
}

function nh(key: Uint8Array, block: Uint8Array): bigint {
  const k = (i: number): bigint => number(key.subarray(4 * i, 4 * i + 4));
  const m = (i: number): bigint => number(block.slice(4 * i, 4 * i + 4).reverse());
  let sum = 0n;
  for (let i = 0; i < block.length / 4; i += 8) {
    for (let j = i; j < i + 4; j++) {
      sum += BigInt.asUintN(32, m(j) + k(j)) * BigInt.asUintN(32, m(j + 4) + k(j + 4));
    }
  }
  return sum;
}

function layer2(key: Uint8Array, hashes: Uint8Array): Uint8Array {
  const k64 = number(key.subarray(0, 8)) & 0x01ffffff01ffffffn;
  const k128 = number(key.subarray(8)) & 0x01ffffff01ffffff01ffffff01ffffffn;
  const first = naivePoly(64, k64, hashes.subarray(0, 2 ** 17));
  if (hashes.length <= 2 ** 17) return bytesOf(first, 16);
  const rest = zeroPadded(concat([hashes.subarray(2 ** 17), Uint8Array.of(0x80)]), 16);
  return bytesOf(naivePoly(128, k128, concat([bytesOf(first, 16), rest])), 16);
}

/** The polynomial of words of 64 or 128 bits. */
export function naivePoly(bitCount: 64 | 128, key: bigint, message: Uint8Array): bigint {
  const offset = bitCount === 64 ? 59n : 159n;
  const prime = (1n << BigInt(bitCount)) - offset;
  const tooLarge = (1n << BigInt(bitCount)) - (1n << BigInt(bitCount - 32));
  let y = 1n;
  for (let at = 0; at < message.length; at += bitCount / 8) {
    const m = number(message.subarray(at, at + bitCount / 8));
    if (m >= tooLarge) {
      y = (key * y + prime - 1n) % prime;
      y = (key * y + m - offset) % prime;
    } else {
      y = (key * y + m) % prime;
    }
  }
  return y;
}

function layer3(inner: Uint8Array, outer: Uint8Array, hash: Uint8Array): bigint {
  const prime = (1n << 36n) - 5n;
  const b = concat([new Uint8Array(16 - hash.length), hash]);
  let sum = 0n;
  for (let i = 0; i < 8; i++) {
    sum += number(b.subarray(2 * i, 2 * i + 2)) * (number(inner.subarray(8 * i, 8 * i + 8)) % prime);
  }
  return BigInt.asUintN(32, sum % prime) ^ number(outer);
}

/** The number that bytes stand for, the highest first. */
function number(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** A number as bytes, the highest first. */
export function bytesOf(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 255n));
}

function zeroPadded(bytes: Uint8Array, multiple: number): Uint8Array {
  const padded = new Uint8Array(Math.max(1, Math.ceil(bytes.length / multiple)) * multiple);
  padded.set(bytes);
  return padded;
}

/** Bytes behind one another. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
