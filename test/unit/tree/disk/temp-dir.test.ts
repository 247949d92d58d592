import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect, test } from "vitest";
import type { SyncError } from "../../../../src/errors.ts";
import { checkCopy } from "../../../../src/tree/disk/calls/copy-content.node.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { noMounting, unless } from "../../../obstacles.ts";
import { picture, plant } from "../../../cli/trees.ts";
import { tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

const long = "long ".repeat(20_000);
const holes = Buffer.alloc(300_000);
holes.write("between", 150_000);
const tree = { a: "a", "dir/b": long, "dir/sub/c": holes, "dir/empty": "", "dir/link": "-> b" };

/** Syncs a planted tree over another one. Returns what was told. */
async function receive(base: string, options: TreeTargetOptions): Promise<readonly SyncError[]> {
  plant(`${base}/from`, tree);
  plant(`${base}/to`, { a: "older", "dir/b": `${long}and more`, "extra/e": "e" });
  const target = await openTreeTarget(`${base}/to`, { maxDeletedCount: 10, ...options });
  return (await syncTrees(await openTreeSource(`${base}/from/`), target)).troubles;
}

/** The staging directories below a place. */
function stagingsIn(place: string): string[] {
  const names = fs.readdirSync(place, { recursive: true }) as string[];
  return names.filter((name) => /(?:^|\/)\.rsync-stream$/.test(name));
}

test("content is written in the directory that is named, and leaves nothing there", async () => {
  using temp = tempDir();
  fs.mkdirSync(`${temp.path}/elsewhere`);
  const before = fs.statSync(`${temp.path}/elsewhere`, { bigint: true }).mtimeNs;
  expect(await receive(temp.path, { tempDir: "../elsewhere" })).toEqual([]);
  expect(fs.statSync(`${temp.path}/elsewhere`, { bigint: true }).mtimeNs).toBeGreaterThan(before);
  expect(picture(`${temp.path}/to`)).toEqual(picture(`${temp.path}/from`));
  expect(fs.readdirSync(`${temp.path}/elsewhere`)).toEqual([]);
  expect(stagingsIn(temp.path)).toEqual([]);
});

test("what an earlier run left there goes, also where nothing is to be done", async () => {
  using temp = tempDir();
  const staging = `${temp.path}/elsewhere/.rsync-stream`;
  fs.mkdirSync(`${temp.path}/elsewhere`);
  const rooms = new Set<string>();
  const onChange = (): void => fs.readdirSync(staging).forEach((name) => rooms.add(name));
  await receive(temp.path, { tempDir: "../elsewhere", onChange });
  expect(rooms.size).toBe(1);
  for (const dir of [staging, ...[...rooms].map((room) => `${staging}/${room}`)])
    fs.mkdirSync(dir, { mode: 0o700 });
  fs.writeFileSync(`${staging}/${[...rooms][0]}/lock`, "");
  const target = await openTreeTarget(`${temp.path}/to`, { tempDir: "../elsewhere" });
  await syncTrees(await openTreeSource(`${temp.path}/from/`), target);
  expect(fs.readdirSync(`${temp.path}/elsewhere`)).toEqual([]);
});

unless(noMounting()).test(
  "files are copied where it is on another file system, and holes stay holes",
  async () => {
    using temp = tempDir();
    const [to, elsewhere] = [`${temp.path}/to`, `${temp.path}/elsewhere`];
    for (const place of [to, elsewhere]) {
      fs.mkdirSync(place);
      execFileSync("mount", ["-t", "tmpfs", "tmpfs", place]);
    }
    try {
      for (const inPlace of [false, true]) {
        expect(await receive(temp.path, { tempDir: elsewhere, inPlace })).toEqual([]);
        expect(picture(to)).toEqual(picture(`${temp.path}/from`));
        expect(fs.readdirSync(elsewhere)).toEqual([]);
        expect(stagingsIn(to)).toEqual([]);
        const blocks = fs.statSync(`${to}/dir/sub/c`).blocks * 512;
        expect(blocks).toBeLessThan(holes.length);
        fs.rmSync(`${temp.path}/from`, { recursive: true });
      }
    } finally {
      for (const place of [to, elsewhere]) execFileSync("umount", [place]);
    }
  },
);

test("one that lies in the destination stays, with what others have in it", async () => {
  using temp = tempDir();
  plant(`${temp.path}/to/temp`, { "other/file": "of somebody" });
  for (const open of [openTreePreview, openTreeTarget]) {
    plant(`${temp.path}/from`, tree);
    const target = await open(`${temp.path}/to`, { maxDeletedCount: 10, tempDir: "temp" });
    expect((await syncTrees(await openTreeSource(`${temp.path}/from/`), target)).troubles).toEqual([]);
    fs.rmSync(`${temp.path}/from`, { recursive: true });
  }
  expect(fs.readdirSync(`${temp.path}/to`).sort()).toEqual(["a", "dir", "temp"]);
  expect(fs.readdirSync(`${temp.path}/to/temp`)).toEqual(["other"]);
});

test("one that is not there is told before anything is done", async () => {
  using temp = tempDir();
  for (const open of [openTreePreview, openTreeTarget]) {
    plant(`${temp.path}/from`, { a: "a" });
    plant(`${temp.path}/to`, {});
    const target = await open(`${temp.path}/to`, { tempDir: "none" });
    const syncing = syncTrees(await openTreeSource(`${temp.path}/from/`), target);
    await expect(syncing).rejects.toMatchObject({ code: "NOT_FOUND", detail: { path: "none" } });
    expect(fs.readdirSync(`${temp.path}/to`)).toEqual([]);
  }
});

test("a copy that differs is noticed", () => {
  using temp = tempDir();
  const wanted = Buffer.alloc(3_000_000, "content");
  const wrong = Buffer.from(wanted);
  wrong[2_500_000]! ^= 1;
  const copies = {
    same: wanted,
    longer: Buffer.concat([wanted, Buffer.alloc(9)]),
    wrong,
    short: wanted.subarray(1),
  };
  plant(temp.path, { wanted, ...copies });
  const held = new HeldDirs(temp.path);
  const check = (name: string) => () =>
    checkCopy(held, { dir: held.root, name: "wanted" }, { dir: held.root, name });
  for (const name of ["same", "longer"]) check(name)();
  for (const name of ["wrong", "short"]) expect(check(name)).toThrow(expect.objectContaining({ code: "IO" }));
  held.close();
});
