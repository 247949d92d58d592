import fc from "fast-check";
import { expect, test } from "vitest";
import { DirNode } from "../../../../src/tree/disk/calls/dir-node.node.ts";
import { RecordedWalk } from "../../../../src/tree/disk/calls/recorded-walk.node.ts";
import { statxRoomWords, StatxView } from "../../../../src/tree/disk/calls/statx-view.node.ts";
import { WalkFollower } from "../../../../src/tree/disk/calls/walk-follower.node.ts";
import type { Found } from "../../../../src/tree/disk/calls/walk.node.ts";
import { statsOf } from "./sample-stats.ts";

/** A tree: directories by their names, and undefined for a file. */
interface Tree {
  readonly [name: string]: Tree | undefined;
}

const name = fc.constantFrom("a", "a.b", "a0", "b", "\xe9", "c");
const { tree: someTree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.dictionary(name, fc.option(tie("tree"), { nil: undefined, maxDepth: 4 }), { maxKeys: 5 }),
}));

/** What a walk of a tree finds. */
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

/** The record of such a walk, in which each file has its size from its path. */
function record(tree: Tree): RecordedWalk {
  const walk = new RecordedWalk();
  const words = new Uint32Array(statxRoomWords);
  const addDir = (below: Tree, dir: DirNode, ownRow: number | undefined): void => {
    const names = Object.keys(below).sort();
    const firstRow = walk.rows.count;
    for (const each of names) {
      const size = sizeFor(pathOf({ dir, name: each }));
      new StatxView(words).write({ ...statsOf(below[each] ? "dir" : "file"), size });
      walk.rows.add(words);
    }
    walk.add(dir, ownRow, firstRow, names);
    for (const [i, each] of names.entries())
      if (below[each]) addDir(below[each], new DirNode(dir, each), firstRow + i);
  };
  addDir(tree, new DirNode(undefined, ""), undefined);
  return walk;
}

/** A number that no other path of the same tree is likely to have. */
function sizeFor(path: string): number {
  return [...path].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 2 ** 40, 7);
}

test("a walk is given again, but for what is in directories that are passed", () => {
  fc.assert(
    fc.property(someTree, fc.func(fc.boolean()), (tree, passes) => {
      const all = [...walkOf(tree)];
      const closed = all.filter((each) => each.stats.kind === "dir" && passes(pathOf(each))).map(pathOf);
      const isBelow = (each: Found): boolean => closed.some((path) => pathOf(each).startsWith(`${path}/`));
      const given = record(tree).without((dir, last) => closed.includes(pathOf({ dir, name: last })));
      expect(Array.from(given, (each) => [pathOf(each), each.stats.size, each.isClosed ?? false])).toEqual(
        all
          .filter((each) => !isBelow(each))
          .map((each) => [pathOf(each), sizeFor(pathOf(each)), closed.includes(pathOf(each))]),
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
      for (const found of walkOf(tree)) {
        const path = pathOf(found);
        const size = known.has(path) ? sizeFor(path) : undefined;
        expect(follower.find(found.depth, found.name)?.size).toBe(size);
      }
    }),
  );
});
