import { describe, expect, it } from "vitest";
import { MacIndex } from "../../../../src/session/levels/pieces/mac-index.ts";

/** MACs of 6 bytes that differ in 2 of them. */
function macsThatDiffer(count: number, at: number): Uint8Array {
  const macs = new Uint8Array(6 * count);
  for (let i = 0; i < count; i++) macs.set([i & 255, i >> 8], 6 * i + at);
  return macs;
}

describe("an index of MACs", () => {
  // With a slot that the peer can choose, each takes seconds of processor time; otherwise
  // milliseconds.
  it.each([0, 1, 2, 3, 4])("is as quick where a peer chose them to differ from byte %i on", (at) => {
    const macs = macsThatDiffer(65_536, at);
    const index = new MacIndex();
    index.begin(6);
    index.add(macs, 6);
    const before = process.cpuUsage();
    const found = index.find(macs, 6);
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
    expect(found.every((place, i) => place === i)).toBe(true);
  });

  it("finds the first that is the same, or the one behind the last that was found", () => {
    const row = Uint8Array.of(1, 0, 0, 2, 0, 0, 1, 0, 0, 3, 0, 0);
    const index = new MacIndex();
    index.begin(3);
    index.add(row, 3);
    expect(index.find(Uint8Array.of(3, 0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 0, 9, 0, 0), 3)).toEqual([
      3, 0, 1, 2, -1,
    ]);
    index.begin(3);
    expect(index.find(row, 3)).toEqual([-1, -1, -1, -1]);
  });
});
