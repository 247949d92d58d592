import { expect, test } from "vitest";
import { ByteSlab } from "../../../src/bytes/byte-slab.ts";

test("rows of a slab do not overlap, and long ones have room", () => {
  const slab = new ByteSlab(16);
  const rows = [5, 0, 11, 1, 40, 16, 3].map((count) => slab.take(count));
  expect(rows.map((row) => row.length)).toEqual([5, 0, 11, 1, 40, 16, 3]);
  rows.forEach((row, i) => {
    expect(row.every((byte) => byte === 0)).toBe(true);
    row.fill(i + 1);
  });
  rows.forEach((row, i) => expect(row.every((byte) => byte === i + 1)).toBe(true));
});
