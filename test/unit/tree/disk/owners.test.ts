import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect } from "vitest";
import { fastcdcSpec } from "../../../../src/chunk/cutter-specs.ts";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import type { Keep } from "../../../../src/tree/plan/keep.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { notRoot, unless } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";
import { syncFacts } from "./fact-trees.ts";
import { syncTrees } from "./sync-trees.ts";

const both: Keep = { owner: true, group: true };

/** A tree of root's, in which each kind of entry has another owner, a number without a name. */
function plant(root: string): void {
  fs.mkdirSync(`${root}/dir`, { recursive: true });
  fs.writeFileSync(`${root}/dir/file`, "content");
  fs.writeFileSync(`${root}/run`, "#!");
  fs.chmodSync(`${root}/run`, 0o755);
  fs.symlinkSync("file", `${root}/dir/link`);
  fs.lchownSync(`${root}/dir`, 70_001, 80_001);
  fs.lchownSync(`${root}/dir/file`, 70_002, 80_002);
  fs.lchownSync(`${root}/dir/link`, 70_003, 80_003);
  fs.lchownSync(`${root}/run`, 70_004, 0);
  fs.lchownSync(root, 70_005, 80_005);
}

const paths = ["", "/dir", "/dir/file", "/dir/link", "/run"];

function ownersIn(root: string): string[] {
  return paths.map((path) => {
    const { gid, uid } = fs.lstatSync(root + path);
    return `${path} ${uid}:${gid}`;
  });
}

unless(notRoot).describe("owners", () => {
  const { test } = unless(notRoot);

  test.each([false, true])(
    "arrive with new entries, and with those that differ in nothing else",
    async (isOneWay) => {
      using temp = tempDir();
      const [from, to, later] = [`${temp.path}/from`, `${temp.path}/to`, `${temp.path}/later`];
      plant(from);
      expect((await syncFacts(`${from}/`, to, both, { isOneWay })).unkept).toEqual([]);
      expect(ownersIn(to)).toEqual(ownersIn(from));
      await syncFacts(`${from}/`, later, {}, { isOneWay });
      expect(new Set(ownersIn(later).map((line) => line.split(" ")[1]))).toEqual(new Set(["0:0"]));
      const { changes, troubles } = await syncFacts(`${from}/`, later, both, { isOneWay });
      expect(troubles).toEqual([]);
      expect(changes).toEqual([".", "dir", "dir/file", "dir/link", "run"].map((path) => `touched ${path}`));
      expect(ownersIn(later)).toEqual(ownersIn(from));
      expect((await syncFacts(`${from}/`, later, both, { isOneWay })).changes).toEqual([]);
    },
  );

  test("that differ are told by a preview", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    plant(from);
    await syncFacts(`${from}/`, to, {});
    const told: string[] = [];
    const preview = openTreePreview(to, { keep: both, onChange: ({ path }) => void told.push(path) });
    await syncTrees(await openTreeSource(`${from}/`, { keep: both }), preview);
    expect(told.sort()).toEqual([".", "dir", "dir/file", "dir/link", "run"]);
    expect(ownersIn(to).every((line) => line.endsWith(" 0:0"))).toBe(true);
  });

  test("are left alone by who did not ask for them, whatever is told", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    plant(from);
    await syncFacts(`${from}/`, to, both, { keep: {} });
    expect(ownersIn(to).every((line) => line.endsWith(" 0:0"))).toBe(true);
  });

  test("are mapped as rsync maps them", async () => {
    using temp = tempDir();
    const [from, to, theirs] = [`${temp.path}/from`, `${temp.path}/to`, `${temp.path}/theirs`];
    plant(from);
    fs.lchownSync(`${from}/run`, 1, 2);
    const userMap = "70001:nobody-has-this-name,daemon:bin,70002-70003:games,70004:5,*:70009";
    const groupMap = "80001:nobody-has-this-name,b?n:daemon,80001:games,:80009";
    await syncFacts(`${from}/`, to, { ...both, userMap, groupMap });
    execFileSync("rsync", ["-rlptgo", `--usermap=${userMap}`, `--groupmap=${groupMap}`, `${from}/`, theirs]);
    expect(ownersIn(to)).toEqual(ownersIn(theirs));
    expect((await syncFacts(`${from}/`, to, { ...both, userMap, groupMap })).changes).toEqual([]);
  });

  test("are not what who is not root may give, which is no trouble", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    plant(from);
    fs.chmodSync(temp.path, 0o777);
    process.setegid!(65_534);
    process.seteuid!(65_534);
    try {
      const { troubles, unkept } = await syncFacts(`${from}/`, to, both);
      expect([troubles, unkept]).toEqual([[], []]);
      expect((await syncFacts(`${from}/`, to, both)).changes).toEqual([]);
    } finally {
      process.seteuid!(0);
      process.setegid!(0);
    }
    expect(fs.lstatSync(`${to}/dir/file`).uid).toBe(65_534);
  });

  test("are in the digests of directories at both ends, where they are asked for", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    plant(from);
    fs.lchownSync(`${from}/run`, 1, 2); // these have names
    await syncFacts(`${from}/`, to, both);
    for (const keep of [both, { ...both, numericIds: true }, { owner: true }, {}])
      expect(await digestAt(to, keep)).toEqual(await digestOf(from, keep));
    expect(await digestOf(from, both)).not.toEqual(await digestOf(from, {}));
    fs.lchownSync(`${to}/dir/link`, 70_003, 1);
    expect(await digestAt(to, both)).not.toEqual(await digestOf(from, both));
    expect(await digestAt(to, { owner: true })).toEqual(await digestOf(from, { owner: true }));
    expect(await digestAt(to, { ...both, userMap: "*:1" })).toBeUndefined();
  });
});

const reading = { goOn: () => true };

/** The digest of a tree as a source has it. */
async function digestOf(root: string, keep: Keep): Promise<string | undefined> {
  const source = await openTreeSource(`${root}/`, { keep });
  const subtrees = await source.subtrees!.read(reading);
  await source.close();
  return subtrees!.at(-1)!.digest;
}

/** The same as a target has it; undefined when it tells none. */
async function digestAt(root: string, keep: Keep): Promise<string | undefined> {
  const target = await openTreeTarget(root, { keep });
  await target.open({ cutter: fastcdcSpec(), layout: "contents", search: false, onTrouble: () => {} });
  const subtrees = await target.subtrees?.(Buffer.from("."), reading);
  await target.close();
  return subtrees?.at(-1)!.digest;
}
