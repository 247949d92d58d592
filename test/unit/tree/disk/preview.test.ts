import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SyncError } from "../../../../src/errors.ts";
import { memorySource } from "../../../../src/tree/memory/memory-source.ts";
import { memoryDir } from "../../../../src/tree/memory/memory-tree.ts";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import type { TreeChange } from "../../../../src/tree/entry/entry.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import type { TreeTarget } from "../../../../src/tree/target.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { describeTree, tempDir } from "./disk-tree.ts";
import { missing, noMounting, notRoot, unless } from "../../../obstacles.ts";
import { syncTrees } from "./sync-trees.ts";

interface Planted {
  readonly content: string;
  readonly mode: number;
  readonly seconds: number;
  readonly link: boolean;
}

function plant(root: string, tree: Readonly<Record<string, Planted>>): void {
  fs.mkdirSync(root, { recursive: true });
  for (const [path, { content, mode, seconds, link }] of Object.entries(tree)) {
    const place = join(root, path);
    fs.mkdirSync(dirname(place), { recursive: true });
    if (link) fs.symlinkSync(`to-${content}`, place);
    else fs.writeFileSync(place, content, { mode });
    fs.lutimesSync(place, seconds, seconds);
  }
}

async function preview(from: string, to: string, maxDeletedCount?: number) {
  const changes: TreeChange[] = [];
  const onChange = (change: TreeChange): void => void changes.push(change);
  const target = openTreePreview(to, { onChange, ...(maxDeletedCount !== undefined && { maxDeletedCount }) });
  const { troubles, needs } = await syncTrees(await openTreeSource(from), target);
  expect({ ask: needs.ask, all: needs.all }).toEqual({ ask: 0, all: 0 });
  return { troubles, changes: changes.map(({ change, path }) => `${change} ${path}`) };
}

const tree = fc.dictionary(
  fc
    .tuple(fc.array(fc.constantFrom("d", "d-", "d.d"), { maxLength: 2 }), fc.constantFrom("f", "f-", "g"))
    .map(([dirs, name]) => [...dirs, name].join("/")),
  fc.record({
    content: fc.constantFrom("", "1", "22"),
    mode: fc.constantFrom(0o644, 0o600),
    seconds: fc.constantFrom(1000, 2000),
    link: fc.boolean(),
  }),
  { maxKeys: 8 },
);

/** The paths whose lines differ, but for the root. */
function differences(before: readonly string[], after: readonly string[]): string[] {
  const lines = (all: readonly string[]) => new Map(all.map((line) => [line.split(" ")[0]!, line]));
  const [old, now] = [lines(before), lines(after)];
  const paths = new Set([...old.keys(), ...now.keys()]);
  return [...paths].filter((path) => path !== "." && old.get(path) !== now.get(path)).sort();
}

test("tells just what a session then does, and does nothing itself", async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, fc.boolean(), async (wanted, there, deletes) => {
      using temp = tempDir();
      const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
      plant(from, wanted);
      plant(to, there);
      const before = describeTree(to);
      const limit = deletes ? { maxDeletedCount: 100 } : {};
      const { changes, troubles } = await preview(`${from}/`, to, limit.maxDeletedCount);
      expect(troubles).toEqual([]);
      expect(describeTree(to)).toEqual(before);
      await syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to, limit));
      const told = changes
        .map((line) => `./${line.slice(line.indexOf(" ") + 1)}`)
        .filter((path) => path !== "./.")
        .sort();
      expect(told).toEqual(differences(before, describeTree(to)));
    }),
    { numRuns: 40 },
  );
});

const plain = (content: string): Planted => ({ content, mode: 0o644, seconds: 1000, link: false });

test("of a destination that is not there all is new, and it is not made", async () => {
  using temp = tempDir();
  plant(`${temp.path}/from`, { "a/b": plain("1"), c: plain("2") });
  const whole = await preview(`${temp.path}/from/`, `${temp.path}/to`);
  expect(whole.changes).toEqual(["new .", "new a", "new a/b", "new c"]);
  const named = await preview(`${temp.path}/from`, `${temp.path}/to`);
  expect(named.changes).toEqual(["new from", "new from/a", "new from/a/b", "new from/c"]);
  const single = await preview(`${temp.path}/from/c`, `${temp.path}/to`);
  expect(single.changes).toEqual(["new to"]);
  expect(fs.existsSync(`${temp.path}/to`)).toBe(false);
});

test("a single file under another name", async () => {
  using temp = tempDir();
  plant(temp.path, { from: plain("1"), to: plain("22") });
  expect((await preview(`${temp.path}/from`, `${temp.path}/to`)).changes).toEqual(["changed to"]);
});

test("what cannot be brought about is told as trouble", async () => {
  using temp = tempDir();
  plant(`${temp.path}/from`, { x: plain("1") });
  plant(`${temp.path}/to`, { "x/y": plain("2") });
  for (const dir of ["from", "to"]) fs.utimesSync(`${temp.path}/${dir}`, 1000, 1000);
  const { changes, troubles } = await preview(`${temp.path}/from/`, `${temp.path}/to`);
  expect(troubles).toMatchObject([{ code: "IO", detail: { path: "x" } }]);
  expect(changes).toEqual([]);
  const reserved = Object.assign(memorySource(memoryDir({ ".rsync-stream": memoryDir({ y: "1" }) })), {
    layout: "contents" as const,
  });
  const told: TreeChange[] = [];
  const target = openTreePreview(`${temp.path}/to`, { onChange: (change) => void told.push(change) });
  expect((await syncTrees(reserved, target)).troubles).toMatchObject([{ code: "PATH" }]);
  expect(told).toMatchObject([{ change: "touched", path: "." }]);
});

test("more to delete than is allowed: LIMIT, as in the session", async () => {
  using temp = tempDir();
  plant(`${temp.path}/from`, {});
  plant(`${temp.path}/to`, { a: plain("1"), b: plain("2") });
  await expect(preview(`${temp.path}/from/`, `${temp.path}/to`, 1)).rejects.toMatchObject({ code: "LIMIT" });
});

test.each([
  ["below a directory that is missing", "from/", "no/where"],
  ["a link that leads nowhere", "from/", "dangling"],
  ["a file in the place of the directory", "from/", "file"],
  ["a device", "from/a", "pipe"],
  ["a link to a device", "from/a", "to-pipe"],
])("refuses what the session refuses: %s", async (_, sent, place) => {
  using temp = tempDir();
  plant(temp.path, { "from/a": plain("1"), file: plain("2") });
  fs.symlinkSync("nowhere", `${temp.path}/dangling`);
  execFileSync("mkfifo", [`${temp.path}/pipe`]);
  fs.symlinkSync("pipe", `${temp.path}/to-pipe`);
  const [from, to] = [`${temp.path}/${sent}`, `${temp.path}/${place}`];
  const before = describeTree(temp.path);
  const fault = (run: Promise<unknown>) =>
    run.then(
      () => "none",
      ({ code, message }: SyncError) => `${code} ${message}`,
    );
  const told = await fault(preview(from, to));
  expect(told).not.toBe("none");
  expect(told).toBe(
    await fault(openTreeTarget(to).then(async (target) => syncTrees(await openTreeSource(from), target))),
  );
  expect(describeTree(temp.path)).toEqual(before);
});

test("says that nothing is deleted when the sender could not list all it has", async () => {
  using temp = tempDir();
  plant(temp.path, { "from/a": plain("1"), "to/b": plain("2") });
  fs.utimesSync(`${temp.path}/to`, 1000, 1000);
  const told: TreeChange[] = [];
  const target = openTreePreview(`${temp.path}/to`, {
    maxDeletedCount: 9,
    onChange: (change) => void told.push(change),
  });
  const { troubles } = await syncTrees(await openTreeSource(`${temp.path}/from/`), target, { whole: false });
  expect(troubles).toMatchObject([{ code: "PARTIAL" }]);
  expect(told).toMatchObject([
    { change: "touched", path: "." },
    { change: "new", path: "a" },
  ]);
});

unless(notRoot).test("what a user has shut is not looked into, which is no failure", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { "shut/f": { content: "1", mode: 0o644, seconds: 1000, link: false } });
  plant(from, { last: { content: "1", mode: 0o644, seconds: 1000, link: false } });
  fs.mkdirSync(`${to}/shut`, { recursive: true, mode: 0 });
  fs.chmodSync(temp.path, 0o755);
  for (const path of [to, `${to}/shut`]) fs.chownSync(path, 65_534, 65_534);
  fs.chmodSync(to, 0o755);
  fs.chmodSync(`${to}/shut`, 0);
  for (const root of [from, to]) fs.utimesSync(root, 1000, 1000);
  process.seteuid!(65_534);
  try {
    const { troubles, changes } = await preview(`${from}/`, to, 100);
    expect(troubles).toMatchObject([{ code: "SKIPPED", detail: { path: "shut" } }]);
    expect(changes).toEqual(["new last", "touched shut"]);
    expect(fs.statSync(`${to}/shut`).mode & 0o777).toBe(0);
    const real = await syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to));
    expect(real.troubles).toEqual([]);
    expect(fs.readFileSync(`${to}/shut/f`, "utf8")).toBe("1");
  } finally {
    process.seteuid!(0);
  }
});

const usual: Planted = { content: "1", mode: 0o644, seconds: 1000, link: false };

/** What cannot be done there, by path. */
async function refusedAt(target: TreeTarget, from: string): Promise<string[]> {
  const { troubles } = await syncTrees(await openTreeSource(`${from}/`), target);
  return troubles.map(({ code, detail, message }) => `${detail.path} ${code} ${message.slice(0, 6)}`).sort();
}

unless(noMounting() ?? missing("mount", "umount")).test(
  "what a read-only mount refuses is told as a real run fails at it",
  async () => {
    using temp = tempDir();
    const [from, to] = [join(temp.path, "from"), join(temp.path, "to")];
    plant(from, { same: usual, "dir/new": usual, changed: usual, link: { ...usual, link: true } });
    plant(to, { same: usual, changed: { ...usual, seconds: 5 }, extra: usual });
    execFileSync("mount", ["--bind", to, to]);
    try {
      execFileSync("mount", ["-o", "remount,bind,ro", to]);
      const refused = await refusedAt(await openTreeTarget(to), from);
      expect(await refusedAt(openTreePreview(to), from)).toEqual(refused);
      expect(refused.length).toBeGreaterThanOrEqual(3);
      const kept = await refusedAt(await openTreeTarget(to, { maxDeletedCount: 9 }), from);
      expect(kept).toContain(".rsync-stream IO EROFS:");
      const foretold = await refusedAt(openTreePreview(to, { maxDeletedCount: 9 }), from);
      expect(foretold).toContain("extra IO EROFS:");
    } finally {
      execFileSync("umount", [to]);
    }
  },
);

unless(noMounting() ?? missing("mount", "umount")).test(
  "a directory where something is mounted refuses what that refuses, not what is around it",
  async () => {
    using temp = tempDir();
    const [from, to] = [join(temp.path, "from"), join(temp.path, "to")];
    const dirs = ["shut", "shut/open"];
    for (const top of [from, to]) plant(top, { "shut/open/same": usual });
    for (const dir of dirs) fs.utimesSync(join(from, dir), 5, 5);
    for (const dir of dirs) execFileSync("mount", ["--bind", join(to, dir), join(to, dir)]);
    try {
      execFileSync("mount", ["-o", "remount,bind,ro", join(to, "shut")]);
      const foretold = await refusedAt(openTreePreview(to), from);
      expect(foretold).toEqual(["shut IO EROFS:"]);
      expect(await refusedAt(await openTreeTarget(to), from)).toEqual(foretold);
    } finally {
      for (const dir of dirs.toReversed()) execFileSync("umount", [join(to, dir)]);
    }
  },
);

test.each<[string, (path: string) => void]>([
  ["a file", (path) => fs.writeFileSync(path, "")],
  ["a link", (path) => fs.symlinkSync(".", path)],
  ["a directory that is open to others", (path) => fs.mkdirSync(path, { mode: 0o755 })],
])("%s where files are to be staged is told as by a real run", async (_, make) => {
  using from = tempDir();
  using to = tempDir();
  fs.writeFileSync(join(from.path, "a"), "a");
  make(join(to.path, ".rsync-stream"));
  const source = () => openTreeSource(`${from.path}/`);
  const refused = { code: "PATH", detail: { path: ".rsync-stream" } };
  for (const target of [openTreePreview(to.path), await openTreeTarget(to.path)])
    await expect(syncTrees(await source(), target)).rejects.toMatchObject(refused);
});

test("a staging directory that a real run would use is no trouble", async () => {
  using from = tempDir();
  using to = tempDir();
  fs.writeFileSync(join(from.path, "a"), "a");
  fs.mkdirSync(join(to.path, ".rsync-stream"), { mode: 0o700 });
  expect((await preview(`${from.path}/`, to.path)).troubles).toEqual([]);
});
