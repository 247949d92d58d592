import { describe, expect, it, test } from "vitest";
import { opfsLimits } from "../../../src/browser/opfs-limits.ts";
import { opfsTarget } from "../../../src/browser/opfs-target.ts";
import { targetCases } from "../../../src/testing/target-suite.ts";
import { stagingName } from "../../../src/tree/entry/staging-name.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import { noise } from "../tree/disk/disk-tree.ts";
import { syncTrees, type SyncTreesOptions } from "../tree/disk/sync-trees.ts";
import { MemoryOpfs } from "./memory-opfs.ts";

const long = opfsLimits.keptFileBytes + 50_000;
const tree = memoryDir({
  a: "a",
  dir: memoryDir({ long: memoryFile(noise(long, 1)), other: memoryFile(noise(long, 2)) }),
  z: "z",
});

const send = (place: MemoryOpfs, source = tree, options: SyncTreesOptions = {}) =>
  syncTrees(memorySource(source), opfsTarget(place.handle), options);

const namesIn = (place: MemoryOpfs): string[] => [...place.read().children.keys()].sort();

/** Parts of files that are not complete. */
function partsIn(place: MemoryOpfs): number {
  const parts = (place.children.get(stagingName) as MemoryOpfs | undefined)?.children.get("parts");
  return (parts as MemoryOpfs | undefined)?.children.size ?? 0;
}

describe("a target in a browser's private file system", () => {
  const cases = targetCases({
    links: false,
    metadata: false,
    async make() {
      const place = new MemoryOpfs();
      return { open: async () => opfsTarget(place.handle), read: async () => place.read() };
    },
  });
  for (const { name, run } of cases) it(name, run);
});

test("nothing waits behind a session that is complete, and the next one needs nothing", async () => {
  const place = new MemoryOpfs();
  await send(place);
  expect(partsIn(place)).toBe(0);
  expect((await send(place)).needs).toEqual({ nothing: 6, ask: 0, all: 0, old: 0 });
});

test("a file that cannot be written is told with its path, and all others arrive", async () => {
  const place = new MemoryOpfs();
  const failing = { left: 1 };
  place.hooks.onWrite = () => {
    if (failing.left-- === 1) throw new DOMException("gone", "InvalidStateError");
  };
  const { troubles } = await send(place, memoryDir({ bad: memoryFile(noise(long, 3)), good: "good" }));
  expect(troubles).toMatchObject([{ code: "IO", detail: { path: "bad" } }]);
  expect(namesIn(place)).toEqual(["good"]);
});

test("where there is no more room the session ends, and gives back what it took", async () => {
  const place = new MemoryOpfs({ quotaBytes: long + 20_000 });
  await expect(send(place)).rejects.toMatchObject({ code: "NO_SPACE" });
  expect(partsIn(place)).toBe(0);
  expect(place.usedBytes).toBeLessThan(long + 2000); // what is complete stays
  delete place.hooks.quotaBytes;
  expect((await send(place)).troubles).toEqual([]);
  expect(place.read()).toMatchObject({ children: new Map([...tree.children].map(([name]) => [name, {}])) });
});

test("names that a folder cannot have are told one by one", async () => {
  const place = new MemoryOpfs();
  const odd = memoryDir({ good: "good", [stagingName]: "x" });
  odd.children.set("\xfe", memoryFile("not UTF-8"));
  const { troubles } = await send(place, odd);
  expect(troubles.map(({ code, detail }) => [code, detail.path]).sort()).toEqual([
    ["PATH", stagingName],
    ["PATH", "\udcfe"],
  ]);
  expect(namesIn(place)).toEqual(["good"]);
});

test("several files are looked up at one time, each in its directory, however slow some are", async () => {
  const place = new MemoryOpfs();
  const dirs = Object.fromEntries(
    ["one", "three", "four!"].map((dir) => [
      dir,
      memoryDir(Object.fromEntries(["a", "bb", "ccc", "dddd"].map((name) => [name, `${dir}/${name}`]))),
    ]),
  );
  await send(place, memoryDir(dirs));
  let now = 0;
  let most = 0;
  place.hooks.onLook = async (name) => {
    most = Math.max(most, ++now);
    for (let turn = name.length % 5; turn >= 0; turn--) await new Promise(setImmediate);
    now -= 1;
  };
  expect((await send(place, memoryDir(dirs))).troubles).toEqual([]);
  for (const [dir, there] of Object.entries(dirs))
    expect([...(place.children.get(dir) as MemoryOpfs).read().children.keys()]).toEqual([
      ...there.children.keys(),
    ]);
  expect(most).toBeGreaterThan(3);
  expect(most).toBeLessThanOrEqual(2 * opfsLimits.filesAtOnceCount);
});

test("what was received when a session breaks off does not come again", async () => {
  const place = new MemoryOpfs();
  const source = memoryDir({ long: memoryFile(noise(10 * long, 4)) });
  let batches = 0;
  const onBatch = (): void => {
    if (++batches > 2) throw new Error("enough");
  };
  await expect(send(place, source, { onBatch })).rejects.toThrow("enough");
  expect(namesIn(place)).toEqual([]);
  expect(partsIn(place)).toBe(1);
  const { sentBytes, troubles } = await send(place, source);
  expect(troubles).toEqual([]);
  expect(sentBytes).toBeLessThan(10 * long - 200_000);
  expect(partsIn(place)).toBe(0);
});

test("a second session at the same time is refused, and the first one is not harmed", async () => {
  const place = new MemoryOpfs();
  const beforeCommit = async (): Promise<void> => {
    await expect(send(place)).rejects.toMatchObject({ code: "LOCKED" });
  };
  expect((await send(place, tree, { beforeCommit })).troubles).toEqual([]);
  expect(namesIn(place)).toEqual(["a", "dir", "z"]);
});
