import fs from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import * as looks from "../../../../src/tree/disk/calls/look-at.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { asLarge } from "../../../as-large.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

vi.mock(import("../../../../src/tree/disk/calls/look-at.node.ts"), { spy: true });
afterEach(() => vi.restoreAllMocks());

/** Directories enough that not all can be held open. */
const dirCount = 70;
const filesInDir = 10;
const fileCount = dirCount * filesInDir;
/** Looks at the root, at what is staged, and at directories that are opened again. */
const spareCount = 30;

const place = (i: number): string => `d${i % dirCount}/f${i}`;

function fill(root: string): void {
  for (let i = 0; i < dirCount; i++) fs.mkdirSync(`${root}/d${i}`, { recursive: true });
  for (let i = 0; i < fileCount; i++) fs.writeFileSync(`${root}/${place(i)}`, noise(200, i));
}

function countAll(): number {
  const ways = [looks.lookAt, looks.lookAtHandle, looks.readStats];
  return ways.reduce((count, look) => count + vi.mocked(look).mock.calls.length, 0);
}

/** Receives a tree, and returns how often the target looked at something: the source does, too. */
async function countLooks(from: string, to: string, options: TreeTargetOptions = {}): Promise<number> {
  let count = 0;
  const target = await openTreeTarget(to, options);
  const counted = (work: (...args: unknown[]) => Promise<unknown>) => {
    return async (...args: unknown[]): Promise<unknown> => {
      const before = countAll();
      const result = await work.apply(target, args);
      count += countAll() - before;
      return result;
    };
  };
  const counting = new Proxy(target, {
    get: (_, name) => {
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? counted(value as () => Promise<unknown>) : value;
    },
  });
  const { troubles } = await syncTrees(await openTreeSource(from), counting);
  expect(troubles).toEqual([]);
  expect(describeTree(to)).toEqual(describeTree(from));
  return count;
}

/** Two equal trees. */
async function twins(root: string): Promise<readonly [from: string, to: string]> {
  const [from, to] = [`${root}/from/`, `${root}/to`];
  fill(from);
  await syncTrees(await openTreeSource(from), await openTreeTarget(to));
  return [from, to];
}

test.each([
  ["", {}],
  [", where the rest is deleted", { maxDeletedCount: 10 }],
])("an entry that has not changed is looked at once%s", async (_, options) => {
  using temp = tempDir();
  const [from, to] = await twins(temp.path);
  expect(await countLooks(from, to, options)).toBeLessThanOrEqual(fileCount + dirCount + spareCount);
});

test("a file that is replaced is looked at once more, as is its directory", async () => {
  using temp = tempDir();
  const [from, to] = await twins(temp.path);
  const isChanged = (i: number): boolean => i % dirCount < 3;
  for (let i = 0; i < fileCount; i++) if (isChanged(i)) fs.appendFileSync(`${from}${place(i)}`, "more");
  const once = fileCount + dirCount + spareCount;
  expect(await countLooks(from, to)).toBeLessThanOrEqual(once + 3 * (filesInDir + 1));
});

test("a file of which only the time differs is looked at twice at the most", async () => {
  using temp = tempDir();
  const [from, to] = await twins(temp.path);
  for (let i = 0; i < fileCount; i++) fs.utimesSync(`${to}/${place(i)}`, 1e9, 1e9);
  // Directories are opened again to read and to set times.
  expect(await countLooks(from, to)).toBeLessThanOrEqual(2 * fileCount + 5 * dirCount);
});

test("what was seen when directories were compared is not looked at to be listed or planned", async () => {
  using temp = tempDir();
  const [from, to] = await twins(temp.path);
  fs.writeFileSync(`${from}${place(0)}`, noise(100, 1));
  for (let i = 0; i < dirCount; i++) fs.utimesSync(`${from}${place(i)}`, 1e9, 1e9);
  const before = countAll();
  const [near, far] = duplexPair();
  const source = await openTreeSource(from);
  await Promise.all([
    sendTree(asLarge(source), near, { helloMs: 0, stallMs: 0 }),
    receiveTree(await openTreeTarget(to), far, { helloMs: 0, stallMs: 0 }),
  ]);
  await source.close();
  const seen = 2 * (fileCount + dirCount);
  // Of each directory one file is read at both ends and changed, and its directories are opened.
  expect(countAll() - before).toBeLessThanOrEqual(seen + 10 * dirCount + spareCount);
  expect(describeTree(to)).toEqual(describeTree(from));
});
