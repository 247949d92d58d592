/** Contents made for one number or another, where a carry, a borrow or a prime is at stake. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { kernelPieces } from "../../../src/chunk/kernel-pieces.ts";
import type { SubkeySource } from "../../../src/chunk/mac-subkeys.ts";
import type { Pieces } from "../../../src/chunk/pieces.ts";
import { plainPieces } from "../../../src/chunk/plain-pieces.ts";
import { bytesOf, concat, naivePoly, naiveUhash, naiveWord } from "./naive-uhash.ts";

const longPrime = 2n ** 128n - 159n;

/** Keys of the second layer; the first has zeros, so that a test can choose what it makes. */
function subkeysOf(short: bigint, long: bigint): SubkeySource {
  const inner = (i: number): number => (i * 37) % 251;
  return (index, sizeBytes) => {
    if (index !== 2) return Uint8Array.from({ length: sizeBytes }, (_, i) => (index === 1 ? 0 : inner(i)));
    const word = [...bytesOf(short, 8), ...bytesOf(long, 16)];
    return Uint8Array.from({ length: sizeBytes }, (_, i) => word[i % word.length]!);
  };
}

/** A block of 1024 bytes that the first layer makes a number of, when its key is zero. */
function blockOf(number: bigint): Uint8Array {
  const most = 2n ** 32n - 1n;
  let rest = BigInt.asUintN(64, number - 8192n);
  const block = new Uint8Array(1024);
  const view = new DataView(block.buffer);
  for (let i = 0; rest >= most; i++) {
    const factor = rest / most < most ? rest / most : most;
    view.setUint32(4 * i, Number(most), true);
    view.setUint32(4 * i + 16, Number(factor), true);
    rest -= most * factor;
  }
  view.setUint32(12, Number(rest), true);
  view.setUint32(28, 1, true);
  return block;
}

function contentOf(hashes: readonly bigint[]): Uint8Array {
  return Uint8Array.from(hashes.flatMap((hash) => [...blockOf(hash)]));
}

/** Holds a kernel against the RFC in whole numbers. */
function expectRight(kernel: Pieces, content: Uint8Array, subkeys: SubkeySource): void {
  const expected = naiveUhash(subkeys, content, 4);
  kernel.buffer.set(content);
  kernel.ends[0] = content.length;
  kernel.hash(1);
  kernel.update(0, content.length);
  expect(toHex(kernel.digest())).toBe(toHex(expected));
  expect(toHex(kernel.macs.slice(0, 8))).toBe(toHex(expected.subarray(0, 8)));
}

const kernels = { wasm: kernelPieces, js: plainPieces };

const anyBlockHash = fc.oneof(
  ...[0n, 2n ** 64n - 59n, 2n ** 64n - 2n ** 32n].map((place) =>
    fc.bigInt({ min: -200n, max: 200n }).map((by) => BigInt.asUintN(64, place + by)),
  ),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

test.each(["wasm", "js"] as const)("any hashes of blocks in the short polynomial: %s", (language) => {
  const subkeys = subkeysOf(0x0123456700abcdefn, 0n);
  const kernel = kernels[language](subkeys);
  const anyHashes = fc.array(anyBlockHash, { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(anyHashes, (hashes) => expectRight(kernel, contentOf(hashes), subkeys)),
    { numRuns: 30 },
  );
});

test.each(["wasm", "js"] as const)("the short polynomial reaches its prime: %s", (language) => {
  const subkeys = subkeysOf(1n, 0n);
  const kernel = kernels[language](subkeys);
  // The key being 1, the polynomial is 1 and the sum of the hashes.
  for (let by = -2n; by < 61n; by++) {
    expectRight(kernel, contentOf([2n ** 40n, 2n ** 64n - 59n + by - 2n ** 40n - 1n]), subkeys);
  }
});

test.each(["wasm", "js"] as const)("the third layer reaches its prime: %s", (language) => {
  // Keys of the third layer: 2^36 - 6 for the lowest digit, 1 for the next one.
  const keys = [...new Uint8Array(48), ...bytesOf(1n, 8), ...bytesOf(2n ** 36n - 6n, 8)];
  const subkeys: SubkeySource = (index, sizeBytes) =>
    Uint8Array.from({ length: sizeBytes }, (_, i) => (index === 3 ? keys[i % 64]! : 0));
  const kernel = kernels[language](subkeys);
  // A digit of 1 and then one from 0 to 7 make 2^36 - 6 and so much more.
  for (let more = 0n; more < 8n; more++) expectRight(kernel, blockOf(more * 65536n + 1n), subkeys);
});

/** Blocks of zeros that fill the short polynomial, and what the first layer makes of them. */
const shortHashes = concat(Array.from({ length: 16384 }, () => bytesOf(8192n, 8)));

/** Holds a kernel against whole numbers for hashes of blocks behind those. */
function expectRightBehind(kernel: Pieces, hashes: readonly bigint[], subkeys: SubkeySource): void {
  const all = concat([shortHashes, ...hashes.map((hash) => bytesOf(hash, 8))]);
  const expected = concat([0, 1, 2, 3].map((word) => naiveWord(subkeys, word, all)));
  kernel.buffer.fill(0);
  for (let i = 0; i < 16; i++) kernel.update(0, 2 ** 20);
  const content = contentOf(hashes);
  kernel.buffer.set(content);
  kernel.update(0, content.length);
  expect(toHex(kernel.digest())).toBe(toHex(expected));
}

const halves = (pair: bigint): bigint[] => [pair >> 64n, BigInt.asUintN(64, pair)];

test.each(["wasm", "js"] as const)("any hashes of blocks in the long polynomial: %s", (language) => {
  const subkeys = subkeysOf(3n, 0x0123456700abcdef0055550001fffffen);
  const kernel = kernels[language](subkeys);
  const anyHashes = fc.array(anyBlockHash, { minLength: 300, maxLength: 1024 });
  fc.assert(
    fc.property(anyHashes, (hashes) => expectRightBehind(kernel, hashes, subkeys)),
    { numRuns: 3, endOnFailure: true },
  );
});

test.each(["wasm", "js"] as const)("the long polynomial reaches its prime: %s", (language) => {
  const subkeys = subkeysOf(1n, 1n);
  const kernel = kernels[language](subkeys);
  // The polynomial is 1 and the sum of what it takes in: the short one, the pair, and the end mark.
  const rest = 1n + naivePoly(64, 1n, shortHashes) + 2n ** 127n;
  for (const by of [-1n, 0n, 1n, 158n]) {
    expectRightBehind(kernel, halves(longPrime + by - rest), subkeys);
  }
});

test.each(["wasm", "js"] as const)("the long polynomial is carried over twice: %s", (language) => {
  const key = BigInt(`0x${"01ffffff".repeat(4)}`);
  const subkeys = subkeysOf(1n, key);
  const kernel = kernels[language](subkeys);
  const start = bytesOf(naivePoly(64, 1n, shortHashes), 16);
  for (let first = 1n; first <= 4n; first++) {
    const before = naivePoly(128, key, concat([start, bytesOf(first << 80n, 16)]));
    expectRightBehind(kernel, [...halves(first << 80n), ...halves(twiceCarried(key * before))], subkeys);
  }
});

/** A word that, added to a product, leaves a carry when its upper half is first taken times 159. */
function twiceCarried(product: bigint): bigint {
  const [high, low] = [product >> 128n, BigInt.asUintN(128, product)];
  const once = 159n * high + low;
  const word = ((once >> 128n) + 1n) * 2n ** 128n - 1n - once;
  expect(low + word).toBeLessThan(2n ** 128n);
  expect(word).toBeLessThan(2n ** 128n - 2n ** 96n);
  return word;
}
