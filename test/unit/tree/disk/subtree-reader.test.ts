import fs from "node:fs";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { RecordedWalk } from "../../../../src/tree/disk/calls/recorded-walk.node.ts";
import { DigestFacts } from "../../../../src/tree/disk/facts/digest-facts.node.ts";
import { SubtreeReader } from "../../../../src/tree/disk/source/subtree-reader.node.ts";
import { type Subtree, SubtreeDigests } from "../../../../src/tree/entry/subtree-digests.ts";
import { plainKeep } from "../../../../src/tree/plan/keep.ts";
import { findXattrCalls } from "../../../../src/tree/disk/facts/xattr-calls.node.ts";
import { unless } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";

/** A tree: directories by their names, the text of a link, and undefined for a file. */
interface Tree {
  readonly [name: string]: Tree | string | undefined;
}

const leaf = fc.option(fc.constantFrom("a", "nowhere"), { nil: undefined });
const name = fc.constantFrom("a", "a.b", "a0", "b", "left out", "c", "é");
const { tree: someTree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.dictionary(name, fc.oneof({ maxDepth: 4 }, leaf, tie("tree")), { maxKeys: 6 }),
}));

function make(place: string, tree: Tree): void {
  fs.mkdirSync(place);
  for (const [each, below] of Object.entries(tree)) {
    const path = `${place}/${each}`;
    if (below === undefined) fs.writeFileSync(path, each);
    else if (typeof below === "string") fs.symlinkSync(below, path);
    else make(path, below);
  }
}

/** The same digests from Node's own calls, one entry after another. Returns the entries. */
function addAll(digests: SubtreeDigests, place: string, skips: (each: string) => boolean): number {
  let count = 0;
  for (const each of fs.readdirSync(place, "latin1").sort()) {
    if (skips(each)) continue;
    const path = `${place}/${Buffer.from(each, "latin1").toString()}`;
    const stats = fs.lstatSync(path, { bigint: true });
    const kind = stats.isDirectory() ? "dir" : stats.isFile() ? "file" : "symlink";
    const facts = { kind, size: Number(stats.size), mode: Number(stats.mode & 0o7777n) } as const;
    const mtimeSec = Number(stats.mtimeNs / 1_000_000_000n);
    const told = { ...facts, mtimeSec, mtimeNsec: Number(stats.mtimeNs % 1_000_000_000n) };
    digests.add(each, told, kind === "symlink" ? fs.readlinkSync(path) : "");
    count += 1;
    if (kind !== "dir") continue;
    digests.open(each);
    count += addAll(digests, path, skips);
    digests.close();
  }
  return count;
}

interface Read {
  readonly subtrees: readonly Subtree[];
  readonly entryCount: number;
  readonly record: RecordedWalk;
}

function read(
  place: string,
  maxCount: number,
  skips: (each: string) => boolean = () => false,
  keep = plainKeep,
): Read {
  const held = new HeldDirs(place);
  onTestFinished(() => held.close());
  const record = new RecordedWalk(undefined, maxCount);
  const above = { depth: 1, pathBytes: 0 };
  const skip = (_: unknown, each: string): boolean => skips(each);
  const reader = new SubtreeReader(held, {
    top: held.root,
    above,
    skip,
    facts: new DigestFacts(keep),
    record,
  });
  while (reader.step());
  return { subtrees: reader.finish(), entryCount: reader.entryCount, record };
}

function expected(place: string, skips: (each: string) => boolean = () => false): Omit<Read, "record"> {
  const digests = new SubtreeDigests();
  const entryCount = addAll(digests, place, skips);
  return { subtrees: digests.finish(), entryCount };
}

test("directories have the digests of what lies in them, whether that is kept or not", () => {
  using temp = tempDir();
  let number = 0;
  fc.assert(
    fc.property(someTree, fc.integer({ min: 0, max: 30 }), (tree, maxCount) => {
      const place = `${temp.path}/${number++}`;
      make(place, tree);
      const skips = (each: string): boolean => each === "left out";
      const { record, ...found } = read(place, maxCount, skips);
      expect(found).toEqual(expected(place, skips));
      const kept = record.isWhole ? [...record.without(() => false)].length : 0;
      expect(kept).toBe(record.isWhole ? found.entryCount : 0);
      expect(record.isWhole || found.entryCount + 1 >= maxCount || record.rows.count === 0).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test.each([0, 1000, 5000])("long listings are read in steps, where %i entries are kept", (maxCount) => {
  using temp = tempDir();
  const place = `${temp.path}/top`;
  fs.mkdirSync(place);
  for (let i = 0; i < 1500; i++) {
    if (i % 500 === 250) make(`${place}/${i}`, { x: { y: undefined }, z: undefined });
    else fs.writeFileSync(`${place}/${i}`, "");
  }
  const { record, ...found } = read(place, maxCount);
  expect(found).toEqual(expected(place));
  expect([record.isWhole, record.rows.count]).toEqual(
    maxCount === 5000 ? [true, found.entryCount] : [false, 0],
  );
});

test("what lies too deep, or has too long a path, leaves its directories without a digest", () => {
  using temp = tempDir();
  const place = `${temp.path}/top`;
  fs.mkdirSync(`${place}/${"d/".repeat(255)}`, { recursive: true });
  fs.mkdirSync(`${place}/e`);
  expect(read(place, 1000).subtrees).toHaveLength(257);
  fs.mkdirSync(`${place}/${"d/".repeat(256)}`);
  expect(read(place, 1000).subtrees.map(({ path }) => path)).toEqual(["e"]);
});

unless(findXattrCalls() ? undefined : "there are no extended attributes").test(
  "what goes before all is told of it leaves its directories without a digest",
  () => {
    using temp = tempDir();
    const place = `${temp.path}/top`;
    const nothing = undefined;
    make(place, {
      a: { "gone a": nothing, x: nothing },
      b: { "gone b": "link" },
      c: { "gone c": {} },
      d: { x: nothing },
    });
    const goes = (each: string): boolean => {
      if (each.startsWith("gone")) fs.rmSync(`${place}/${each.at(-1)}/${each}`, { recursive: true });
      return false;
    };
    const { subtrees, entryCount } = read(place, 1000, goes, { xattrs: true });
    expect(subtrees.map(({ path }) => path)).toEqual(["d"]);
    expect(entryCount).toBe(9);
  },
);
