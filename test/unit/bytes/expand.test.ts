import { expect, test } from "vitest";
import { brotli, hasBrotli, unbrotli } from "../../../src/bytes/brotli.ts";
import { concatBytes, equalBytes } from "../../../src/bytes/compare.ts";
import { deflate, inflate, inflatePortably } from "../../../src/bytes/deflate.ts";
import { expandTo } from "../../../src/bytes/expand.ts";
import { seededBytes } from "../../../src/testing/random.ts";
import type { Bytes } from "../../../src/types.ts";

const dictionary = new TextEncoder().encode("what went before") as Bytes;

const ways = [
  {
    name: "DEFLATE",
    pack: (bytes: Bytes) => deflate(bytes, 6, dictionary),
    unpack: (packed: Bytes, sizeBytes: number) => inflate(packed, sizeBytes, dictionary),
  },
  {
    name: "DEFLATE without node:zlib",
    pack: (bytes: Bytes) => deflate(bytes, 1, dictionary),
    unpack: (packed: Bytes, sizeBytes: number) =>
      expandTo(packed, sizeBytes, () => inflatePortably(packed, sizeBytes, dictionary)),
  },
  ...(hasBrotli ? [{ name: "Brotli", pack: brotli, unpack: unbrotli }] : []),
];

const contents = [
  new Uint8Array(0),
  Uint8Array.of(7),
  new Uint8Array(100_000),
  seededBytes(3, 70_000),
  seededBytes(4, 5000).map((byte) => 97 + (byte % 9)),
] as Bytes[];

test.each(ways)("$name gives back what was compressed", ({ pack, unpack }) => {
  for (const bytes of contents) expect(equalBytes(unpack(pack(bytes), bytes.length), bytes)).toBe(true);
});

test.each(ways)("$name is taken whole, or not at all", ({ pack, unpack }) => {
  for (const bytes of contents) {
    const packed = pack(bytes);
    for (const behind of [Uint8Array.of(0), new Uint8Array(7), packed])
      expect(() => unpack(concatBytes([packed, behind as Bytes]), bytes.length)).toThrow(/behind its end/);
    expect(() => unpack(packed.subarray(0, -1), bytes.length)).toThrow(/compressed data/);
  }
});
