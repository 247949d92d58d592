import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { blake3Digest, fastestDigest } from "../../../src/chunk/blake3.node.ts";
import { sha256Digest } from "../../../src/chunk/digest.ts";
import { idOfKey, keyOf } from "../../../src/chunk/id-key.ts";
import { createRequire } from "node:module";

/**
 * From the test vectors of the BLAKE3 team: the digests of so many bytes 0, 1, ... 250, 0, 1, ...
 */
const published = {
  0: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
  1: "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
  1023: "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
  1024: "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
  1025: "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
  102400: "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
};

test.each(Object.entries(published))("names %s bytes as published", (count, hex) => {
  const bytes = Uint8Array.from({ length: Number(count) }, (_, i) => i % 251);
  expect(toHex(idOfKey(blake3Digest.keyOf(bytes)))).toBe(hex);
  expect(toHex(blake3(bytes))).toBe(hex); // where there is no native code
});

test("names a part of a larger buffer as portable code does", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(100), (bytes, from) => {
      const part = bytes.subarray(Math.min(from, bytes.length));
      expect(blake3Digest.keyOf(part)).toBe(keyOf(blake3(part)));
    }),
  );
});

test("is the fastest where its native code is installed", () => {
  const require = createRequire(import.meta.url);
  let isInstalled = true;
  try {
    require("@napi-rs/blake-hash");
  } catch {
    isInstalled = false;
  }
  expect(fastestDigest()).toBe(isInstalled ? blake3Digest : sha256Digest);
});
