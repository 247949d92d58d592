import fc from "fast-check";
import { expect, test } from "vitest";
import type { FileStats } from "../../../../src/tree/disk/calls/file-stats.node.ts";
import { StatsRows } from "../../../../src/tree/disk/calls/stats-rows.node.ts";
import { statxRoomWords, StatxView } from "../../../../src/tree/disk/calls/statx-view.node.ts";
import { statsOf } from "./sample-stats.ts";

const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const seconds = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
const nanoseconds = fc.integer({ min: 0, max: 999_999_999 });
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const plainKind = {
  kind: fc.constantFrom("file", "dir", "symlink", "fifo", "socket", "other"),
  rdev: fc.constant(undefined),
} as const;
const deviceKind = {
  kind: fc.constantFrom("charDevice", "blockDevice"),
  rdev: fc.record({ major: word, minor: word }),
} as const;
const facts = {
  size: whole,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  mtimeSec: seconds,
  mtimeNsec: nanoseconds,
  ctimeSec: seconds,
  ctimeNsec: nanoseconds,
  inode: whole,
  bornUsec: whole,
  device: whole,
  mount: whole,
  owner: word,
  group: word,
  accessSec: seconds,
  accessNsec: nanoseconds,
  linkCount: word,
};
const someStats: fc.Arbitrary<FileStats> = fc.oneof(
  fc.record({ ...facts, ...plainKind }),
  fc.record({ ...facts, ...deviceKind }),
);

function rowsOf(all: readonly FileStats[]): StatsRows {
  const rows = new StatsRows();
  const words = new Uint32Array(statxRoomWords);
  for (const stats of all) {
    new StatxView(words).write(stats);
    rows.add(words);
  }
  return rows;
}

function allOf(rows: StatsRows): readonly FileStats[] {
  const view = new StatxView(new Uint32Array(0));
  return Array.from({ length: rows.count }, (_, index) => rows.show(view, index).copy());
}

test("what the system said is given back number for number", () => {
  fc.assert(
    fc.property(fc.array(someStats, { maxLength: 40 }), (all) => {
      expect(allOf(rowsOf(all))).toEqual(all);
    }),
    { numRuns: 50 },
  );
});

test.each([0, 1, 4095, 4096, 4097, 8192, 9999])(
  "of many rows the first %i are kept, and more come",
  (count) => {
    const all = Array.from({ length: 10_000 }, (_, inode) => ({ ...statsOf("file"), inode }));
    const rows = rowsOf(all);
    rows.cut(count);
    const words = new Uint32Array(statxRoomWords);
    new StatxView(words).write(statsOf("dir"));
    rows.add(words);
    expect(allOf(rows)).toEqual([...all.slice(0, count), statsOf("dir")]);
  },
);

test("rows that are dropped leave their room to the next", () => {
  const rows = rowsOf([statsOf("file")]);
  const { words } = rows.show(new StatxView(new Uint32Array(0)), 0);
  rows.cut(0);
  rows.add(new Uint32Array(statxRoomWords));
  expect(rows.show(new StatxView(new Uint32Array(0)), 0).words).toBe(words);
});
