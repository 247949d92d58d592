import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { describe, expect, test } from "vitest";
import { findLibc } from "../../../../src/tree/disk/calls/libc.node.ts";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import type { TreeChange } from "../../../../src/tree/entry/entry.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees, type SyncTreesOptions } from "./sync-trees.ts";
import { noMounting, skipFor, unless } from "../../../obstacles.ts";

const kinds: Readonly<Record<string, (place: string) => void>> = {
  file: (place) => fs.writeFileSync(place, noise(500, place.length)),
  link: (place) => fs.symlinkSync("nowhere", place),
  "link to a directory": (place) => fs.symlinkSync("..", place),
  pipe: (place) => execFileSync("mkfifo", [place]),
  "empty directory": (place) => fs.mkdirSync(place),
  directory: (place) => {
    fs.mkdirSync(`${place}/deep`, { recursive: true });
    fs.writeFileSync(`${place}/deep/large`, noise(300_000, place.length));
    fs.writeFileSync(`${place}/small`, noise(700, place.length));
  },
};

const old = Object.keys(kinds);
const pairs = ["file", "link", "directory"].flatMap((now) =>
  old
    .filter((before) => before.split(" ").at(-1) !== now || before === "link to a directory")
    .map((before) => [before, now] as const),
);

/** A destination that has one kind at `name`, and a source that has another. */
function scene(path: string, before: string, now: string): { from: string; to: string } {
  const [from, to] = [`${path}/from/`, `${path}/to`];
  for (const dir of [from, to]) fs.mkdirSync(dir);
  kinds[before]!(`${to}/name`);
  kinds[now]!(`${from}name`);
  fs.writeFileSync(`${from}other`, noise(100_000, 9)); // comes last
  return { from, to };
}

async function sync(from: string, to: string, target: TreeTargetOptions, options: SyncTreesOptions = {}) {
  return syncTrees(await openTreeSource(from), await openTreeTarget(to, target), options);
}

/** All at and below `name`. */
function stateOf(dir: string): string[] {
  return describeTree(dir).filter((line) => /^\.\/name[ /]/.test(line));
}

describe.each(pairs)("%s, in whose place comes: %s", (before, now) => {
  test("the one is there until the other is", async () => {
    using temp = tempDir();
    const { from, to } = scene(temp.path, before, now);
    const was = stateOf(to);
    const broken = Promise.reject.bind(Promise, new Error("broken"));
    await sync(
      from,
      to,
      { maxDeletedCount: 100 },
      {
        onBatch: () => {
          throw new Error("broken");
        },
      },
    )
      .catch(broken)
      .catch(() => {});
    if (now !== "link") expect(stateOf(to)).toEqual(was);
    await sync(from, to, { maxDeletedCount: 100 }, { noCommit: true });
    if (now === "directory") expect(stateOf(to)).toEqual(was);
    const { troubles, sentBytes } = await sync(from, to, { maxDeletedCount: 100 });
    expect(troubles).toEqual([]);
    expect(sentBytes).toBe(0); // all came before
    expect(describeTree(to)).toEqual(describeTree(from));
    expect(fs.readdirSync(to).sort()).toEqual(["name", "other"]);
  });
});

test.each(["file", "link"])(
  "a directory with something in it stays where a %s comes, unless it may be deleted",
  async (now) => {
    using temp = tempDir();
    const { from, to } = scene(temp.path, "directory", now);
    const was = stateOf(to);
    const { troubles } = await sync(from, to, {});
    expect(troubles).toMatchObject([{ code: "IO", detail: { path: "name" } }]);
    expect(troubles[0]!.message).toMatch(/deleting would make room/);
    expect(stateOf(to)).toEqual(was);
    await expect(sync(from, to, { maxDeletedCount: 2 })).rejects.toMatchObject({ code: "LIMIT" });
    expect(stateOf(to)).toEqual(was);
    const notWhole = await sync(from, to, { maxDeletedCount: 3 }, { whole: false });
    expect(notWhole.troubles.map(({ code }) => code).sort()).toEqual(["IO", "PARTIAL"]);
    expect(stateOf(to)).toEqual(was);
    const deleted: string[] = [];
    await sync(from, to, {
      maxDeletedCount: 3,
      onChange: ({ change, path }) => void (change === "deleted" && deleted.push(path)),
    });
    expect(deleted).toEqual(["name/small", "name/deep/large", "name/deep"]);
    expect(describeTree(to)).toEqual(describeTree(from));
  },
);

test.each([
  [
    true,
    [
      "changed name",
      "deleted name/deep",
      "deleted name/deep/large",
      "deleted name/small",
      "new other",
      "touched .",
    ],
    [],
  ],
  [false, ["new other", "touched ."], ["PARTIAL", "IO"]],
])("a preview tells of it, the source being whole: %s", async (whole, expected, codes) => {
  using temp = tempDir();
  const { from, to } = scene(temp.path, "directory", "file");
  fs.utimesSync(to, 1000, 1000);
  const changes: TreeChange[] = [];
  const target = openTreePreview(to, { maxDeletedCount: 9, onChange: (change) => void changes.push(change) });
  const { troubles } = await syncTrees(await openTreeSource(from), target, { whole });
  expect(changes.map(({ change, path }) => `${change} ${path}`).sort()).toEqual(expected);
  expect(troubles.map(({ code }) => code)).toEqual(codes);
});

test("two names are changed over in one step, or in three", async (context) => {
  const libc = findLibc()!;
  skipFor(context, libc?.exchangeat ? undefined : "renameat2(2) cannot be called here");
  for (const exchangeat of [libc.exchangeat, undefined, () => false]) {
    using temp = tempDir();
    const { from, to } = scene(temp.path, "file", "directory");
    const known = libc.exchangeat;
    Object.assign(libc, { exchangeat });
    try {
      expect((await sync(from, to, {})).troubles).toEqual([]);
    } finally {
      Object.assign(libc, { exchangeat: known });
    }
    expect(describeTree(to)).toEqual(describeTree(from));
    expect(fs.readdirSync(to).sort()).toEqual(["name", "other"]);
  }
});

unless(noMounting()).test(
  "what is in the lower layer of an overlay gives way to every kind",
  async (context) => {
    using temp = tempDir();
    const [tmp, to, from] = [`${temp.path}/tmp`, `${temp.path}/to`, `${temp.path}/from`];
    for (const dir of [tmp, to, from]) fs.mkdirSync(dir);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", tmp]);
    try {
      for (const name of ["lower", "upper", "work"]) fs.mkdirSync(`${tmp}/${name}`);
      for (const [now] of Object.entries(kinds))
        for (const [before, plant] of Object.entries(kinds)) plant(`${tmp}/lower/${before} to ${now}`);
      for (const [now, plant] of Object.entries(kinds)) {
        if (now !== "pipe") for (const before of old) plant(`${from}/${before} to ${now}`);
      }
      const layers = `lowerdir=${tmp}/lower,upperdir=${tmp}/upper,workdir=${tmp}/work`;
      const { status } = spawnSync("mount", ["-t", "overlay", "overlay", "-o", layers, to]);
      skipFor(context, status === 0 ? undefined : "no overlay can be mounted here");
      try {
        const { troubles } = await sync(`${from}/`, to, { maxDeletedCount: 1000 });
        expect(troubles.map(String)).toEqual([]);
        expect(describeTree(to)).toEqual(describeTree(from));
      } finally {
        execFileSync("umount", [to]);
      }
    } finally {
      execFileSync("umount", [tmp]);
    }
  },
);
