import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fastcdcSpec } from "../../../../src/chunk/cutter-specs.ts";
import { memorySource } from "../../../../src/tree/memory/memory-source.ts";
import { memoryDir } from "../../../../src/tree/memory/memory-tree.ts";
import { Extras } from "../../../../src/tree/disk/target/extras.node.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { protectionAt } from "../../../../src/tree/disk/target/protection.node.ts";
import { createTreeFilter } from "../../../../src/tree/filter/tree-filter.ts";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import type { TreeChange } from "../../../../src/tree/entry/entry.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

/** Files by their path; one that ends with a slash is an empty directory. */
function plant(root: string, files: Readonly<Record<string, string | Buffer>>): void {
  fs.mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const place = join(root, path);
    fs.mkdirSync(path.endsWith("/") ? place : dirname(place), { recursive: true });
    if (!path.endsWith("/")) fs.writeFileSync(place, content);
  }
}

const pathsOf = (root: string): string[] =>
  fs.readdirSync(root, { recursive: true, encoding: "utf8" }).sort();

async function mirror(from: string, to: string, options: TreeTargetOptions = {}, whole = true) {
  const deleted: string[] = [];
  const onChange = ({ change, path }: TreeChange): void => void (change === "deleted" && deleted.push(path));
  const target = await openTreeTarget(to, { maxDeletedCount: 100, onChange, ...options });
  const result = await syncTrees(await openTreeSource(from), target, { whole });
  return { ...result, deleted };
}

test("what the sender does not have goes, the deepest first, and nothing else", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { a: "1", "a-b": "2", "a.d/x": "3", "dir/keep": "4", "empty/": "", "new/deep/file": "5" });
  plant(to, { a: "1", "a-c": "x", "a.d/y": "x", "dir/keep": "4", "dir/old/deep/er": "x", "empty/e": "x" });
  const { deleted, troubles } = await mirror(`${from}/`, to);
  expect(troubles).toEqual([]);
  expect(deleted).toEqual(
    ["empty/e", "dir/old/deep/er", "dir/old/deep", "dir/old", "a.d/y", "a-c"].sort(
      (one, other) => deleted.indexOf(one) - deleted.indexOf(other),
    ),
  );
  expect(deleted.indexOf("dir/old/deep/er")).toBeLessThan(deleted.indexOf("dir/old"));
  expect(describeTree(to)).toEqual(describeTree(from));
});

test("without being asked to it deletes nothing", async () => {
  using temp = tempDir();
  plant(`${temp.path}/from`, { a: "1" });
  plant(`${temp.path}/to`, { b: "2" });
  await syncTrees(await openTreeSource(`${temp.path}/from/`), await openTreeTarget(`${temp.path}/to`));
  expect(pathsOf(`${temp.path}/to`)).toEqual(["a", "b"]);
});

test.each([
  ["a directory by its name: what lies beside it stays", "from", ["from", "from/a", "other"]],
  ["a single file: nothing but itself is touched", "from/a", ["a", "from", "from/b", "other"]],
])("%s", async (_, sent, expected) => {
  using temp = tempDir();
  plant(`${temp.path}/src/from`, { a: "1" });
  plant(`${temp.path}/to`, { "from/b": "2", other: "3" });
  await mirror(`${temp.path}/src/${sent}`, `${temp.path}/to`);
  expect(pathsOf(`${temp.path}/to`)).toEqual(expected);
});

test.each([
  ["nothing", {}, "", { b: "2", "dir/c": "3" }, ["b", "dir", "dir/c"]],
  [
    "an empty directory with its name",
    {},
    "/from",
    { "from/b": "2", other: "3" },
    ["from", "from/b", "other"],
  ],
  ["one file", { a: "1" }, "", { b: "2", "dir/c": "3" }, undefined],
  ["one empty directory", { "a/": "" }, "", { b: "2" }, undefined],
  ["nothing, and nothing is there", {}, "", {}, undefined],
] as const)("unless that is allowed, a source of %s deletes all that is there or nothing", async (...row) => {
  const [, files, below, there, left] = row;
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, files as Record<string, string>);
  plant(to, there);
  const sent = below === "" ? `${from}/` : from;
  const mirroring = mirror(sent, to, { refusesEmpty: true });
  if (left) await expect(mirroring).rejects.toMatchObject({ code: "LIMIT" });
  else expect((await mirroring).troubles).toEqual([]);
  expect(pathsOf(to)).toEqual(left ?? pathsOf(from));
  await mirror(sent, to);
  expect(pathsOf(`${to}${below}`)).toEqual(pathsOf(from));
});

test("with one more than may be deleted nothing is, and all else is done", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { a: "1" });
  plant(to, { "old/1": "x", "old/2": "x", b: "x" });
  const before = pathsOf(to);
  const failed = { code: "LIMIT", detail: { limit: 3 } };
  await expect(mirror(`${from}/`, to, { maxDeletedCount: 3 })).rejects.toMatchObject(failed);
  expect(pathsOf(to).filter((path) => !path.startsWith(".rsync-stream"))).toEqual([...before, "a"].sort());
  expect((await mirror(`${from}/`, to, { maxDeletedCount: 4 })).deleted).toHaveLength(4);
  expect(pathsOf(to)).toEqual(["a"]);
});

test("when the sender could not list all it has, nothing is deleted, and that is told", async () => {
  using temp = tempDir();
  plant(`${temp.path}/from`, { a: "1" });
  plant(`${temp.path}/to`, { b: "2" });
  const { troubles, deleted } = await mirror(`${temp.path}/from/`, `${temp.path}/to`, {}, false);
  expect(troubles).toMatchObject([{ code: "PARTIAL" }]);
  expect(deleted).toEqual([]);
  expect(pathsOf(`${temp.path}/to`)).toEqual(["a", "b"]);
});

test("what was renamed is taken from its old place before that is deleted", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { "new/name": noise(500_000, 1) });
  plant(to, { "old/name": noise(500_000, 1) });
  const { sentBytes, deleted } = await mirror(`${from}/`, to);
  expect({ sentBytes, deleted }).toEqual({ sentBytes: 0, deleted: ["old/name", "old"] });
  expect(pathsOf(to)).toEqual(["new", "new/name"]);
});

test("a link goes itself, and not what it leads to", async () => {
  using temp = tempDir();
  const [from, to, outside] = [`${temp.path}/from`, `${temp.path}/to`, `${temp.path}/outside`];
  plant(from, { a: "1" });
  plant(outside, { precious: "x" });
  plant(to, { "sub/": "" });
  fs.symlinkSync(outside, `${to}/link`);
  fs.symlinkSync(outside, `${to}/sub/link`);
  expect((await mirror(`${from}/`, to)).deleted.sort()).toEqual(["link", "sub", "sub/link"]);
  expect(pathsOf(outside)).toEqual(["precious"]);
});

test("another session that writes there is not disturbed", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { "empty/": "" });
  plant(to, { b: "2", "empty/": "" });
  const other = await openTreeTarget(to);
  await other.open({ cutter: fastcdcSpec(), layout: "named", search: false, onTrouble: () => {} });
  const times = { mode: 0o644, mtimeSec: 0, mtimeNsec: 0 };
  await other.plan([{ depth: 0, name: Buffer.from("coming"), kind: "file", size: 9, ...times }], 0);
  await expect(mirror(`${from}/`, to)).rejects.toMatchObject({ code: "LOCKED" });
  await other.close();
  expect(fs.existsSync(`${to}/b`)).toBe(true);
});

test("what comes below a directory that is refused is not put into the one before it", async () => {
  using temp = tempDir();
  const to = `${temp.path}/to`;
  const tree = memoryDir({ ".a": memoryDir({ x: "1" }), ".rsync-stream": memoryDir({ y: "2" }) });
  const source = Object.assign(memorySource(tree), { layout: "contents" as const });
  const { troubles } = await syncTrees(source, await openTreeTarget(to));
  expect(troubles).toMatchObject([{ code: "PATH" }]);
  expect(pathsOf(to)).toEqual([".a", ".a/x"]);
});

test("what is protected is spared, and the directories it lies in, everywhere", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { a: "1" });
  plant(to, {
    "keep.o": "x",
    "old/deep/keep.o": "x",
    "old/deep/gone": "x",
    "old/gone/": "",
    "a/keep.o": "x",
  });
  const filter = createTreeFilter(["- *.o"]);
  const told: string[] = [];
  const onChange = ({ change, path }: TreeChange): void => void (change === "deleted" && told.push(path));
  await syncTrees(
    await openTreeSource(`${from}/`),
    openTreePreview(to, { maxDeletedCount: 2, filter, onChange }),
  );
  const { deleted, troubles } = await mirror(`${from}/`, to, { filter, maxDeletedCount: 2 });
  expect(deleted.sort()).toEqual(["old/deep/gone", "old/gone"]);
  expect(told.sort()).toEqual(deleted);
  // What is protected stays in the way of a file, too.
  expect(troubles).toMatchObject([{ code: "IO", detail: { path: "a" } }]);
  expect(pathsOf(to)).toEqual(["a", "a/keep.o", "keep.o", "old", "old/deep", "old/deep/keep.o"]);
});

test.each([false, true])(
  "of more than may be deleted few are collected; with protection: %s",
  (isProtected) => {
    using temp = tempDir();
    const many = (dir: string) => Array.from({ length: 50 }, (_, i) => [`${dir}/f${i}`, "x"] as const);
    plant(temp.path, Object.fromEntries([...many("a"), ...many("a/b"), ...many("c"), ["c/keep.o", "x"]]));
    const held = new HeldDirs(temp.path);
    const protection = protectionAt(held, temp.path, "contents", { filter: createTreeFilter(["- *.o"]) });
    const extras = new Extras(held, 10, { filters: isProtected ? protection : undefined });
    extras.enter(0, held.root);
    expect(extras.close()).toBe(0);
    expect(extras.refusal).toMatchObject({
      code: "LIMIT",
      message: expect.stringContaining("more than 10 would be deleted"),
    });
    expect([...extras.list()].length).toBeLessThan(20);
    held.close();
  },
);

const files = fc.dictionary(
  fc
    .tuple(fc.array(fc.constantFrom("d", "d-", "d.d"), { maxLength: 3 }), fc.constantFrom("f", "f-", "g"))
    .map(([dirs, name]) => [...dirs, name].join("/")),
  fc.constantFrom("", "1", "22"),
  { maxKeys: 12 },
);

test("any tree over any other becomes the same, as rsync sees it, too", async () => {
  const hasRsync = spawnSync("rsync", ["--version"]).status === 0;
  if (!hasRsync) console.log("rsync is not installed: no second opinion");
  await fc.assert(
    fc.asyncProperty(files, files, async (wanted, there) => {
      using temp = tempDir();
      const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
      plant(from, wanted);
      plant(to, there);
      expect((await mirror(`${from}/`, to)).troubles).toEqual([]);
      expect(describeTree(to)).toEqual(describeTree(from));
      if (!hasRsync) return;
      const differences = execFileSync("rsync", ["-acn", "--delete", "--itemize-changes", `${from}/`, to]);
      expect(differences.toString()).toBe("");
    }),
    { numRuns: 15 },
  );
});
