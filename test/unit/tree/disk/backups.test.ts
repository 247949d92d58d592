import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { missing, unless, type Obstacle } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

async function sync(from: string, to: string, options: TreeTargetOptions) {
  const target = await openTreeTarget(to, { maxDeletedCount: 100, ...options });
  return syncTrees(await openTreeSource(`${from}/`), target);
}

function write(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(join(dir, name, ".."), { recursive: true });
    fs.writeFileSync(join(dir, name), content);
  }
}

const read = (...names: string[]): string => fs.readFileSync(join(...names), "utf8");

test("a directory of backups inside the destination is not deleted from", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  write(from, { a: "new content" });
  write(to, { a: "old", "d/gone": "gone" });
  const options = { backupDir: "kept/here" };
  expect((await sync(from, to, options)).troubles).toEqual([]);
  expect(await sync(from, to, options)).toMatchObject({ troubles: [] });
  expect(fs.readdirSync(to)).toEqual(["a", "kept"]);
  expect(read(to, "kept/here/a")).toBe("old");
  expect(read(to, "kept/here/d/gone")).toBe("gone");
});

test("a link that stands for such a directory is not followed", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  write(from, { a: "new content" });
  write(to, { a: "old" });
  write(`${temp.path}/outside`, {});
  fs.mkdirSync(`${temp.path}/outside`);
  fs.symlinkSync("../outside", `${to}/kept`);
  fs.symlinkSync("../outside", `${from}/kept`);
  const { troubles } = await sync(from, to, { backupDir: "kept/here" });
  expect(troubles.map(({ detail }) => detail.path)).toEqual(["a"]);
  expect(read(to, "a")).toBe("old");
  expect(fs.readdirSync(`${temp.path}/outside`)).toEqual([]);
});

test("a directory is not removed for a backup beside a file", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  write(from, { a: "new content", "a~/x": "1" });
  write(to, { a: "old", "a~/x": "1" });
  const { troubles } = await sync(from, to, { backupSuffix: "~" });
  expect(troubles.map(({ code, detail }) => [code, detail.path])).toEqual([["IO", "a~"]]);
  expect(read(to, "a")).toBe("old");
});

test("a backup takes the place of an older one, also of one that is the same file", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  write(from, { a: "new content" });
  write(to, { a: "old", b: "gone" });
  fs.linkSync(`${to}/b`, `${to}/b~`);
  fs.writeFileSync(`${to}/a~`, "older");
  await sync(from, to, { backupSuffix: "~" });
  expect(fs.readdirSync(to)).toEqual(["a", "a~", "b~"]);
  expect(read(to, "a~")).toBe("old");
  expect(read(to, "b~")).toBe("gone");
});

test.each(["", "a/b", "\0"])("a suffix %j of backups beside the files is refused", async (backupSuffix) => {
  using temp = tempDir();
  write(`${temp.path}/from`, { a: "1" });
  const syncing = sync(`${temp.path}/from`, `${temp.path}/to`, { backupSuffix });
  await expect(syncing).rejects.toMatchObject({ code: "USAGE" });
});

const otherDisk: Obstacle =
  fs.existsSync("/dev/shm") && fs.statSync("/dev/shm").dev !== fs.statSync("/tmp").dev
    ? missing("true")
    : "/dev/shm is no file system of its own";

unless(otherDisk).test("backups on another file system are copies with mode and time", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  const backupDir = fs.mkdtempSync("/dev/shm/rsync-stream-test-");
  write(from, { a: "new content" });
  write(to, { a: "old", "d/gone": "gone" });
  fs.symlinkSync("a", `${to}/link`);
  fs.chmodSync(`${to}/a`, 0o640);
  fs.utimesSync(`${to}/d/gone`, 1000, 1000);
  const { troubles } = await sync(from, to, { backupDir });
  expect(troubles).toEqual([]);
  expect(fs.readdirSync(to)).toEqual(["a"]);
  expect(read(backupDir, "a")).toBe("old");
  expect(fs.statSync(join(backupDir, "a")).mode & 0o777).toBe(0o640);
  expect(fs.statSync(join(backupDir, "d/gone")).mtimeMs).toBe(1_000_000);
  expect(fs.readlinkSync(join(backupDir, "link"))).toBe("a");
  fs.rmSync(backupDir, { recursive: true });
});
