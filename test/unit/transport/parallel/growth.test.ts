import { expect, it } from "vitest";
import { Growth } from "../../../../src/transport/parallel/growth.ts";

/** How many connections there are in the end on a line with such a rate, in MB/s. */
function countOn(rateOf: (count: number) => number, maxCount = 8): number {
  const growth = new Growth(maxCount);
  let count = 1;
  for (let second = 0; second < 60; second++) count = growth.observe(rateOf(count) * 1e6, count);
  return count;
}

it("grows while each connection adds its own rate", () => {
  expect(countOn((count) => 20 * count)).toBe(8);
  expect(countOn((count) => 20 * count, 3)).toBe(3);
  expect(countOn((count) => 20 * count, 1)).toBe(1);
});

it("tries one more where one fills the line, and no further", () => {
  expect(countOn(() => 100)).toBe(2);
  expect(countOn((count) => (count > 2 ? 60 : 20 * count))).toBe(8);
  expect(countOn((count) => Math.min(40, 20 * count))).toBe(4);
});

it("stays with one while little is moved", () => {
  expect(countOn(() => 0.5)).toBe(1);
});

it("waits for connections that are asked for, and for a second in which they were there", () => {
  const growth = new Growth(8);
  expect([1, 1].map((count) => growth.observe(20e6, count))).toEqual([1, 2]);
  expect([1, 1, 1].map((count) => growth.observe(20e6, count))).toEqual([2, 2, 2]);
  expect([2, 2].map((count) => growth.observe(40e6, count))).toEqual([2, 4]);
});
