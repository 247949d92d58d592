import { expect, test } from "vitest";
import { beginsWith, compareBytes, concatBytes, equalBytes } from "../../../src/bytes/compare.ts";

test("bytes are unsigned, and a prefix comes first", () => {
  const sorted = [[], [0], [0, 0], [0, 255], [1], [127], [128], [255]].map((bytes) => Uint8Array.from(bytes));
  sorted.forEach((a, i) =>
    sorted.forEach((b, j) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(i - j));
      expect(equalBytes(a, b)).toBe(i === j);
    }),
  );
});

test("parts are copied in order", () => {
  const part = Uint8Array.of(1, 2);
  const all = concatBytes([part, new Uint8Array(), Uint8Array.of(3)]);
  part[0] = 9;
  expect(all).toEqual(Uint8Array.of(1, 2, 3));
  expect(concatBytes([])).toEqual(new Uint8Array());
});

test.each([
  [[], true],
  [[1], true],
  [[1, 2, 3], true],
  [[2], false],
  [[1, 2, 4], false],
  [[1, 2, 3, 0], false],
])("1, 2, 3 begin with %j: %s", (start, expected) => {
  expect(beginsWith(Uint8Array.of(1, 2, 3), Uint8Array.from(start))).toBe(expected);
});
