import fc from "fast-check";
import { expect, test } from "vitest";
import { DirNode } from "../../../../src/tree/disk/calls/dir-node.node.ts";
import type { FileStats } from "../../../../src/tree/disk/calls/file-stats.node.ts";
import { maxRecordedCount, RecordedWalk } from "../../../../src/tree/disk/calls/recorded-walk.node.ts";
import { StatsColumns } from "../../../../src/tree/disk/calls/stats-columns.node.ts";
import { WalkFollower } from "../../../../src/tree/disk/calls/walk-follower.node.ts";
import type { Found } from "../../../../src/tree/disk/calls/walk.node.ts";

const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const seconds = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
const nanoseconds = fc.integer({ min: 0, max: 999_999_999 });
const plainStats: fc.Arbitrary<FileStats> = fc.record({
  kind: fc.constantFrom("file", "dir", "symlink", "fifo", "socket", "charDevice", "blockDevice", "other"),
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
  owner: whole,
  group: whole,
  accessSec: seconds,
  accessNsec: nanoseconds,
  linkCount: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  rdev: fc.option(fc.record({ major: whole, minor: whole }), { nil: undefined }),
});
const fakeOwners = fc.record({ owner: whole, group: whole });
const fakedStats = fc
  .tuple(plainStats, fakeOwners)
  .map(([stats, owners]) => ({ ...stats, fakeOwners: owners }));
const someStats = fc.oneof(plainStats, fakedStats);

test("what the system said is given back number for number", () => {
  fc.assert(
    fc.property(fc.array(someStats, { maxLength: 40 }), (all) => {
      const columns = new StatsColumns();
      for (const stats of all) columns.add(stats);
      expect(all.map((_, index) => columns.at(index))).toEqual(all);
    }),
    { numRuns: 50 },
  );
});

test("it is given back beyond the first block of memory", () => {
  const columns = new StatsColumns();
  for (let i = 0; i < 10_000; i++) columns.add({ ...statsOf("file"), inode: i });
  expect([0, 4095, 4096, 9999].map((index) => columns.at(index).inode)).toEqual([0, 4095, 4096, 9999]);
});

function statsOf(kind: FileStats["kind"]): FileStats {
  const times = { mtimeSec: 1, mtimeNsec: 2, ctimeSec: 3, ctimeNsec: 4, accessSec: 5, accessNsec: 6 };
  const numbers = {
    size: 7,
    mode: 0o644,
    inode: 8,
    bornUsec: 9,
    device: 10,
    mount: 11,
    owner: 12,
    group: 13,
  };
  return { kind, ...times, ...numbers, linkCount: 1, rdev: undefined };
}

/** A tree: directories by their names, and undefined for a file. */
interface Tree {
  readonly [name: string]: Tree | undefined;
}

const name = fc.constantFrom("a", "a.b", "a0", "b", "\xe9", "c");
const { tree: someTree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.dictionary(name, fc.option(tie("tree"), { nil: undefined, maxDepth: 4 }), { maxKeys: 5 }),
}));

/** What a walk of a tree finds, and the number of each as its inode. */
function* walkOf(tree: Tree, dir = new DirNode(undefined, ""), depth = 0): Generator<Found> {
  for (const each of Object.keys(tree).sort()) {
    const below = tree[each];
    yield { dir, name: each, depth, stats: statsOf(below ? "dir" : "file") };
    if (below) yield* walkOf(below, new DirNode(dir, each), depth + 1);
  }
}

function pathOf({ dir, name: last }: Pick<Found, "dir" | "name">): string {
  return dir.parent ? `${pathOf({ dir: dir.parent, name: dir.name })}/${last}` : last;
}

function record(tree: Tree): RecordedWalk {
  const walk = new RecordedWalk();
  for (const found of walkOf(tree)) walk.add(found);
  return walk;
}

test("a walk is given again, but for what is in directories that are passed", () => {
  fc.assert(
    fc.property(someTree, fc.func(fc.boolean()), (tree, passes) => {
      const all = [...walkOf(tree)];
      const closed = all.filter((each) => each.stats.kind === "dir" && passes(pathOf(each))).map(pathOf);
      const isBelow = (each: Found): boolean => closed.some((path) => pathOf(each).startsWith(`${path}/`));
      const given = [...record(tree).without((dir, last) => closed.includes(pathOf({ dir, name: last })))];
      expect(given.map((each) => [pathOf(each), each.isClosed ?? false])).toEqual(
        all.filter((each) => !isBelow(each)).map((each) => [pathOf(each), closed.includes(pathOf(each))]),
      );
    }),
  );
});

test("it is given below another directory", () => {
  fc.assert(
    fc.property(someTree, (tree) => {
      const top = new DirNode(new DirNode(undefined, ""), "top");
      const given = [...record(tree).below(top)];
      expect(given.map(pathOf)).toEqual([...walkOf(tree)].map((each) => `top/${pathOf(each)}`));
    }),
  );
});

test("who comes along another tree finds what is in both, and nothing else", () => {
  fc.assert(
    fc.property(someTree, someTree, (there, tree) => {
      const known = new Set([...walkOf(there)].map(pathOf));
      const follower = new WalkFollower(record(there));
      for (const found of walkOf(tree))
        expect(follower.find(found.depth, found.name) !== undefined).toBe(known.has(pathOf(found)));
    }),
  );
});

test("of a walk that is too long nothing is kept", () => {
  const walk = new RecordedWalk();
  const found = { dir: new DirNode(undefined, ""), name: "f", depth: 0, stats: statsOf("file") };
  for (let i = 0; i < maxRecordedCount; i++) walk.add(found);
  expect([walk.isWhole, walk.entryCount]).toEqual([true, maxRecordedCount]);
  walk.add(found);
  walk.add(found);
  expect([walk.isWhole, walk.entryCount]).toEqual([false, 0]);
});
