import fc from "fast-check";
import { expect, it } from "vitest";
import { fileEntry } from "../../../src/archive/open-index.node.ts";
import {
  cutParts,
  isInRange,
  parsePart,
  rangeOf,
  sharedPartCountOf,
  withoutEmptyParts,
} from "../../../src/archive/parts.node.ts";
import { orderKeyOf } from "../../../src/archive/tree-index.node.ts";

async function* batchesOf<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[]> {
  for (let at = 0; at < items.length; at += 3) yield items.slice(at, at + 3);
}

const path = fc.stringMatching(/^[a-c.é]{1,4}(?:\/[a-c.é]{1,3}){0,2}$/);

it("puts each path into one part, all of them about as long", async () => {
  const files = fc.uniqueArray(fc.tuple(path, fc.nat(1000)), { selector: ([name]) => name, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(files, fc.integer({ min: 1, max: 7 }), path, async (named, count, other) => {
      const entries = named
        .map(([name, size]) => fileEntry(name, size))
        .toSorted((a, b) => (orderKeyOf(a.path) < orderKeyOf(b.path) ? -1 : 1));
      const totals = { files: entries.length, bytes: entries.reduce((sum, { size }) => sum + size, 0) };
      const bounds = await cutParts(batchesOf(entries), totals, count);
      const ranges = Array.from({ length: count }, (_, at) => rangeOf(bounds, at + 1));
      for (const each of [...entries.map((entry) => entry.path), other])
        expect(ranges.filter((range) => isInRange(each, range))).toHaveLength(1);
      const largest = Math.max(0, ...entries.map(({ size }) => size)) + 1;
      const share = (totals.bytes + totals.files) / count;
      for (const range of ranges) {
        const mine = entries.filter((entry) => isInRange(entry.path, range));
        const weight = mine.reduce((sum, { size }) => sum + size + 1, 0);
        expect(Math.abs(weight - share)).toBeLessThanOrEqual(largest + 1e-6);
      }
    }),
  );
});

it("makes as many parts for hosts as there is work for", async () => {
  const counts = [
    { files: 0, bytes: 0, count: 1 },
    { files: 3, bytes: 100, count: 1 },
    { files: 1000, bytes: 100, count: 2 },
    { files: 10, bytes: 3 * 2 ** 24 + 1, count: 4 },
    { files: 1e6, bytes: 1e12, count: 64 },
  ];
  for (const { count, ...totals } of counts) expect(sharedPartCountOf(totals)).toBe(count);
  const entries = [fileEntry("a", 5), fileEntry("b", 1000), fileEntry("c", 5)];
  const bounds = await cutParts(batchesOf(entries), { files: 3, bytes: 1010 }, 8);
  expect(withoutEmptyParts(bounds)).toEqual([{ key: orderKeyOf("b") }, { key: orderKeyOf("c") }]);
  expect(withoutEmptyParts(await cutParts(batchesOf([]), { files: 0, bytes: 0 }, 8))).toEqual([]);
});

it("reads what is called a part, and nothing else", () => {
  expect(parsePart("2/5")).toEqual({ number: 2, count: 5 });
  for (const text of ["0/5", "6/5", "2", "2/0", "1/1000000", "-1/2", "1/2/3"])
    expect(() => parsePart(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
});
