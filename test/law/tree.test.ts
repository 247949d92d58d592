import fc from "fast-check";
import path from "node:path";
import { expect, test } from "vitest";
import { EntryChecker, findNameFault } from "../../src/tree/entry/entry-order.ts";
import { memorySource } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import {
  byteName,
  memoryDir,
  memoryFile,
  memoryLink,
  type MemoryNode,
} from "../../src/tree/memory/memory-tree.ts";
import { openTreeSource } from "../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../src/tree/disk/target/target.node.ts";
import { describeTree, tempDir } from "../unit/tree/disk/disk-tree.ts";
import { plantTree } from "../unit/tree/disk/planted.ts";
import { syncTrees } from "../unit/tree/disk/sync-trees.ts";
import { notRoot, unless } from "../obstacles.ts";

const name = fc
  .oneof(
    fc.constantFrom("a", "b", "a.b", ".", "-x"),
    fc.uint8Array({ minLength: 1, maxLength: 4 }).map(byteName),
  )
  .filter((each) => findNameFault(Buffer.from(each, "latin1")) === undefined);
const metadata = fc.record({
  mode: fc.integer({ min: 0, max: 0o777 }),
  mtimeSec: fc.integer({ min: -(2 ** 31), max: 2 ** 33 }),
  mtimeNsec: fc.integer({ min: 0, max: 999_999_999 }),
});
const content = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 40_000 })).map(repeat),
);
const tree = fc.letrec<{ node: MemoryNode; dir: ReturnType<typeof memoryDir> }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(content, metadata).map((of) => memoryFile(...of)),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }).map(withoutZeros), metadata)
      .map((of) => memoryLink(...of)),
    tie("dir"),
  ),
  dir: fc
    .tuple(fc.array(fc.tuple(name, tie("node")), { maxLength: 5 }), metadata)
    .map(([children, of]) => ({ ...memoryDir({}, of), children: new Map(children) })),
})).dir;

function repeat([unit, length]: [Uint8Array, number]): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => unit[i % unit.length]! ^ (i >>> 9));
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte || 1);
}

unless(notRoot).test("any tree arrives over any other, if no directory is in the way", async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, fc.boolean(), async (first, second, search) => {
      using temp = tempDir();
      const place = (file: string): string => path.join(temp.path, file);
      plantTree(first, Buffer.from(place("first")));
      plantTree(second, Buffer.from(place("second")));
      const sync = async (from: string, to: string): Promise<string[]> =>
        (
          await syncTrees(await openTreeSource(place(from)), await openTreeTarget(place(to)), { search })
        ).troubles.map(({ code }) => code);
      expect(await sync("first/", "to")).toEqual([]);
      expect(describeTree(place("to"))).toEqual(describeTree(place("first")));
      const troubles = await sync("second/", "to");
      expect(new Set(troubles)).toEqual(new Set(troubles.length > 0 ? ["IO"] : []));
      const now = new Set(describeTree(place("to")));
      if (troubles.length === 0)
        for (const line of describeTree(place("second"))) expect(now).toContain(line);
    }),
    { numRuns: 40 },
  );
});

test("any tree arrives in memory, and its entries are in order", async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (from) => {
      const to = memoryDir();
      expect((await syncTrees(memorySource(from), memoryTarget(to))).troubles).toEqual([]);
      expect(to.children).toEqual(from.children);
    }),
    { numRuns: 30 },
  );
});

test("a name passes just when it is a plain component", () => {
  const isPlain = (text: string): boolean =>
    text.length > 0 &&
    text.length < 256 &&
    !text.includes("/") &&
    !text.includes("\0") &&
    path.posix.join("/r", text) === `/r/${text}`;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(".", "/", "\\", "\0", "a"), { maxLength: 8 }), (characters) => {
      const text = characters.join("");
      expect(findNameFault(Buffer.from(text)) === undefined).toBe(isPlain(text));
    }),
    { numRuns: 2000 },
  );
});

test("whatever passes the order names each place below the root once", () => {
  const entry = fc.record({
    depth: fc.integer({ min: 0, max: 4 }),
    name: fc.constantFrom(..."abc.").map((character) => Buffer.from(character)),
    kind: fc.constantFrom("file" as const, "dir" as const),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
      const checker = new EntryChecker("named");
      const seen = new Map<string, string>();
      const at: string[] = [];
      for (const { depth, name: own, kind } of entries) {
        try {
          checker.check({ depth, name: own, kind, size: 0, mode: 0, mtimeSec: 0, mtimeNsec: 0 });
        } catch {
          return;
        }
        at.length = depth;
        const parent = at.join("/");
        at.push(own.toString());
        expect(seen.has(at.join("/"))).toBe(false);
        if (depth > 0) expect(seen.get(parent)).toBe("dir");
        seen.set(at.join("/"), kind);
      }
    }),
    { numRuns: 2000 },
  );
});
