import { expect, test } from "vitest";
import { handprint } from "../../../src/chunk/handprint.ts";

const ids = [5, 200, 1, 3, 3, 255, 0, 7].map((n) => Uint8Array.of(n, 9));

test("the smallest ids in ascending order, the same one as often as it comes", () => {
  expect(handprint(ids).map((id) => id[0])).toEqual([0, 1, 3, 3, 5]);
  expect(handprint(ids, 100).map((id) => id[0])).toEqual([0, 1, 3, 3, 5, 7, 200, 255]);
  expect(handprint(ids, 1).map((id) => id[0])).toEqual([0]);
});

test("none of none", () => {
  expect(handprint([])).toEqual([]);
  expect(handprint(ids, 0)).toEqual([]);
});
