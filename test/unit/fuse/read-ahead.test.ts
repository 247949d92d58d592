import { expect, test } from "vitest";
import { ReadAhead } from "../../../src/fuse/read-ahead.ts";

test("who reads in order has more and more made ready, who jumps nothing", () => {
  const ahead = new ReadAhead();
  const parts: [number, number][] = [];
  const prepare = (offset: number, size: number): number => {
    parts.push([offset, size]);
    return offset + size;
  };
  const step = 131_072;
  for (let i = 0; i < 100; i++) ahead.follow(5, i * step, step, prepare);
  expect(parts[0]![0]).toBe(2 * step);
  for (const [i, [offset, size]] of parts.entries())
    if (i > 0) expect([i, offset]).toEqual([i, parts[i - 1]![0] + parts[i - 1]![1]]);
    else expect(size).toBeLessThanOrEqual(262_144);
  expect(parts.at(-1)![0] + parts.at(-1)![1] - 100 * step).toBeLessThanOrEqual(8_388_608);
  parts.length = 0;
  for (let i = 0; i < 100; i++) ahead.follow(6, ((i * 7919) % 1000) * 10_000_000, 4096, prepare);
  expect(parts).toEqual([]);
});
