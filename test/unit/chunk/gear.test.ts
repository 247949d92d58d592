import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { gearTable } from "../../../src/chunk/gear.ts";

test("the table is made of SHA-256 as its comment says", () => {
  const words = Array.from({ length: 32 }, (_, k) => {
    const digest = createHash("sha256").update("rsync-stream gear 1").update(Uint8Array.of(k)).digest();
    return Array.from({ length: 8 }, (_, i) => digest.readInt32BE(4 * i));
  });
  expect(Array.from(gearTable())).toEqual(words.flat());
  expect(new Set(words.flat()).size).toBe(256);
});
