import fc from "fast-check";
import { expect, test } from "vitest";
import { DifferentRanges, rangeLimits } from "../../../../src/tree/disk/target/different-ranges.ts";

const { comparedBlockBytes, toldRangeCount } = rangeLimits;

test("blocks that differ are told, whatever the order and the cuts in which they come", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(20 * comparedBlockBytes - 1), { maxLength: 10 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 20 * comparedBlockBytes - 1 }), { maxLength: 6 }),
      fc.gen(),
      (flips, cuts, gen) => {
        const there = new Uint8Array(20 * comparedBlockBytes);
        const wanted = there.slice();
        for (const at of flips) wanted[at] = 1;
        const ends = [...cuts.toSorted((a, b) => a - b), wanted.length];
        const parts = ends.map((end, i) => [i === 0 ? 0 : ends[i - 1]!, end] as const);
        const ranges = new DifferentRanges();
        const order = gen(fc.shuffledSubarray, parts, { minLength: parts.length });
        for (const [from, end] of order)
          ranges.compare(from, there.subarray(from, end), wanted.subarray(from, end));
        const told = ranges.list();
        for (const at of flips)
          expect(told.filter(({ offset, size }) => offset <= at && at < offset + size)).toHaveLength(1);
        const blocks = new Set(flips.map((at) => Math.floor(at / comparedBlockBytes)));
        const toldBytes = told.reduce((sum, { size }) => sum + size, 0);
        expect(toldBytes).toBeLessThanOrEqual(blocks.size * comparedBlockBytes);
        told
          .slice(1)
          .forEach(({ offset }, i) => expect(offset).toBeGreaterThan(told[i]!.offset + told[i]!.size));
      },
    ),
  );
});

test("of many ranges the last holds all that follow", () => {
  const ranges = new DifferentRanges();
  for (let i = 0; i < 2 * toldRangeCount; i++) ranges.add(2 * i, 1);
  const told = ranges.list();
  expect(told).toHaveLength(toldRangeCount);
  expect(told.at(-1)).toEqual({ offset: 2 * (toldRangeCount - 1), size: 2 * toldRangeCount + 1 });
});
