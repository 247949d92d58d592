import { expect, test } from "vitest";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { kernelPieces } from "../../../src/chunk/kernel-pieces.ts";
import type { Pieces } from "../../../src/chunk/pieces.ts";
import { plainPieces } from "../../../src/chunk/plain-pieces.ts";
import { Uhash } from "../../../src/chunk/uhash.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { naiveUhash } from "./naive-uhash.ts";
import { aesSubkeys, padOf } from "./umac.ts";

const key = new TextEncoder().encode("abcdefghijklmnop");
const nonce = new TextEncoder().encode("bcdefghi");

/**
 * The vectors of RFC 4418 as its erratum 1507 corrects them, by tags of 32, 64 and 128 bits; the
 * RFC has the first 96 bits of the last one.
 */
const vectors: readonly (readonly [text: string, times: number, tags: string])[] = [
  ["", 0, "113145fb 6e155fad26900be1 32fedb100c79ad58f07ff7643cc60465"],
  ["a", 3, "3b91d102 44b5cb542f220104 185e4fe905cba7bd85e4c2dc3d117d8d"],
  ["a", 2 ** 10, "599b350b 26bf2f5d60118bd9 7a54abe04af82d60fb298c3cbd195bcb"],
  ["a", 2 ** 15, "58dcf532 27f8ef643b0d118d 7b136bd911e4b734286ef2be501f2c3c"],
  ["a", 2 ** 20, "db6364d1 a4477e87e9f55853 f8acfa3ac31cfeea047f7b115b03bef5"],
  ["a", 2 ** 25, "85ee5cae faca46f856e9b45f a621c2457c0012e64f3fdae9e7e1870c"],
  ["abc", 1, "abf3a3a0 d4d7b9f6bd4fbfcf 883c3d4b97a61976ffcf232308cba5a5"],
  ["abc", 500, "abeb3c8b d4cf26ddefd5c01a 8824a260c53c66a36c9260a62cb83aa1"],
];

test.each(vectors)("the tags of RFC 4418 for '%s', %i times", (text, times, tags) => {
  const buffer = new TextEncoder().encode(text.repeat(Math.min(times, 2 ** 20)));
  for (const tag of tags.split(" ").map(fromHex)) {
    const uhash = new Uhash(buffer, aesSubkeys(key), tag.length / 4);
    for (let doneTimes = 0; doneTimes < times; doneTimes += 2 ** 20) uhash.update(0, buffer.length);
    const hash = new Uint8Array(tag.length);
    uhash.digest(hash, 0);
    expect(toHex(tagOf(hash))).toBe(toHex(tag));
  }
});

test.each(vectors)("the kernel's tags for '%s', %i times", (text, times, tags) => {
  const [, tag64, tag128] = tags.split(" ");
  const kernel = kernelPieces(aesSubkeys(key));
  const content = new TextEncoder().encode(text.repeat(Math.min(times, 2 ** 20)));
  kernel.buffer.set(content);
  for (let doneTimes = 0; doneTimes < times; doneTimes += 2 ** 20) kernel.update(0, content.length);
  expect(toHex(tagOf(kernel.digest()))).toBe(tag128);
  if (content.length < text.length * times) return;
  kernel.ends[0] = content.length;
  kernel.hash(1);
  expect(toHex(tagOf(kernel.macs.slice(0, 8)))).toBe(tag64);
});

function tagOf(hash: Uint8Array): Uint8Array {
  const pad = padOf(key, nonce, hash.length);
  return hash.map((byte, i) => byte ^ pad[i]!);
}

test("the kernel and its twin agree on all sizes up to 5000 bytes", () => {
  const both = bothKernels();
  for (const { buffer } of both) buffer.set(noise);
  for (let size = 0; size <= 5000; size++) {
    const [wasm, js] = both.map((pieces) => {
      pieces.ends[0] = size;
      pieces.hash(1);
      pieces.update(0, size);
      return toHex(pieces.macs.slice(0, 8)) + toHex(pieces.digest());
    });
    if (wasm !== js) expect.fail(`${size} bytes: ${wasm} and ${js}`);
  }
});

test("the kernel and its twin agree around 16 MiB, where the polynomial becomes a long one", () => {
  const both = bothKernels();
  for (const { buffer } of both) buffer.set(noise);
  for (const moreBytes of [-1024, -1, 0, 1, 1024, 1025, 2048]) {
    const [wasm, js] = both.map((pieces) => {
      const lastBytes = Math.min(2 ** 20, 2 ** 20 + moreBytes);
      for (let i = 0; i < 15; i++) pieces.update(0, 2 ** 20);
      pieces.update(0, lastBytes);
      pieces.update(0, Math.max(0, moreBytes));
      return toHex(pieces.digest());
    });
    expect(wasm, `${moreBytes} bytes more`).toBe(js);
  }
});

const noise = xorshiftBytes(7, 2 ** 20);

function bothKernels(): readonly Pieces[] {
  return [kernelPieces(aesSubkeys(key)), plainPieces(aesSubkeys(key))];
}

test("the RFC in whole numbers gives the same, around every border of a block and a step", () => {
  const buffer = Uint8Array.from({ length: 3100 }, (_, i) => (i * i) >> 3);
  const sizes = [0, 1, 31, 32, 33, 255, 256, 257, 1023, 1024, 1025, 1056, 2047, 2048, 2049, 3100];
  for (const wordCount of [1, 2, 3, 4]) {
    const uhash = new Uhash(buffer, aesSubkeys(key), wordCount);
    for (const size of sizes) {
      const hash = new Uint8Array(4 * wordCount);
      uhash.update(0, size);
      uhash.digest(hash, 0);
      expect(hash).toEqual(naiveUhash(aesSubkeys(key), buffer.subarray(0, size), wordCount));
    }
  }
});
