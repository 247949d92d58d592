import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { macSubkeys } from "../../../src/chunk/mac-subkeys.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => i);

test("a subkey is the SHA-256 of the key, its index and the number of each block", () => {
  const block = (index: number, number: number): string =>
    createHash("sha256")
      .update(key)
      .update(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, index, 0, 0, 0, 0, 0, 0, 0, number))
      .digest("hex");
  expect(toHex(macSubkeys(key)(2, 96))).toBe(block(2, 1) + block(2, 2) + block(2, 3));
  expect(toHex(macSubkeys(key)(1, 50))).toBe((block(1, 1) + block(1, 2)).slice(0, 100));
});

test("keys of other sizes are refused", () => {
  expect(() => macSubkeys(new Uint8Array(31))).toThrow(RangeError);
  expect(() => macSubkeys(new Uint8Array(33))).toThrow(RangeError);
});
