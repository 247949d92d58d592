import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect, test } from "vitest";
import { maxPlaceCount } from "../../../../src/tree/order/order-fields.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { watchCalls } from "../../../faults/watched-calls.ts";
import { onDisk, sharedBytes, sharingSystems } from "../../../loop-disk.ts";
import { missing, noMounting, unless } from "../../../obstacles.ts";
import { noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

async function sync(from: string, to: string, options: TreeTargetOptions) {
  return syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to, options));
}

/** Two trees of the same files. */
function plantTwice(from: string, old: string): void {
  fs.mkdirSync(`${from}/d`, { recursive: true });
  fs.writeFileSync(`${from}/d/large`, noise(300_000, 1));
  fs.writeFileSync(`${from}/small`, "small");
  execFileSync("cp", ["-a", from, old]);
}

test("a file that is like one elsewhere is made of that", async () => {
  using temp = tempDir();
  const [from, old, to] = [`${temp.path}/from`, `${temp.path}/old`, `${temp.path}/to`];
  plantTwice(from, old);
  const content = Buffer.concat([noise(300_000, 1), noise(1000, 2)]);
  fs.writeFileSync(`${from}/d/large`, content);
  const { sentBytes, troubles } = await sync(from, to, { linkDest: ["../old"] });
  expect(troubles).toEqual([]);
  expect(sentBytes).toBeLessThan(50_000);
  expect(fs.readFileSync(`${to}/d/large`).equals(content)).toBe(true);
  expect(fs.readFileSync(`${old}/d/large`).equals(noise(300_000, 1))).toBe(true);
});

test("a file is copied that can have no more names", async () => {
  using temp = tempDir();
  const [from, old, to] = [`${temp.path}/from`, `${temp.path}/old`, `${temp.path}/to`];
  plantTwice(from, old);
  // A file on another file system cannot be linked to, and this is one to be found everywhere.
  const elsewhere = fs.existsSync("/dev/shm") ? fs.mkdtempSync("/dev/shm/rsync-stream-test-") : old;
  execFileSync("cp", ["-a", `${old}/.`, elsewhere]);
  const { sentBytes, troubles } = await sync(from, to, { linkDest: [elsewhere] });
  expect({ sentBytes, troubles }).toEqual({ sentBytes: 0, troubles: [] });
  expect(fs.readFileSync(`${to}/d/large`).equals(noise(300_000, 1))).toBe(true);
  if (elsewhere !== old) fs.rmSync(elsewhere, { recursive: true });
});

test.each([
  ["copied", { copyDest: ["../old"] }, /^open to\/\.rsync-stream\/.*\d$/, 7],
  // The same again, at another time.
  ["linked", { linkDest: ["../old"], rule: { equality: "content" } }, /^read old\/d\/large$/, undefined],
] as const)(
  "a file elsewhere that changes while it is %s is not taken",
  async (_, options, changesAt, by) => {
    using temp = tempDir();
    const [from, old, to] = [`${temp.path}/from`, `${temp.path}/old`, `${temp.path}/to`];
    plantTwice(from, old);
    let isChanged = false;
    {
      using _watch = watchCalls(temp.path, ({ name, path }) => {
        if (isChanged || !changesAt.test(`${name} ${path}`)) return undefined;
        isChanged = true;
        const content = noise(300_000, 1);
        fs.writeFileSync(`${old}/d/large`, by === undefined ? content : content.fill(by, 100, 200));
        return undefined;
      });
      const { troubles } = await sync(from, to, options);
      expect(troubles).toMatchObject([{ code: "CHANGED", detail: { path: "d/large" } }]);
    }
    expect(fs.existsSync(`${to}/d/large`)).toBe(false);
    expect((await sync(from, to, options)).troubles).toEqual([]);
    expect(fs.readFileSync(`${to}/d/large`).equals(noise(300_000, 1))).toBe(true);
  },
);

test("links below the destination do not lead out of it", async () => {
  using temp = tempDir();
  const [from, old, to] = [`${temp.path}/from`, `${temp.path}/old`, `${temp.path}/to`];
  plantTwice(from, old);
  fs.mkdirSync(to);
  fs.symlinkSync("../old", `${to}/old`);
  await sync(from, to, { linkDest: ["old"] });
  expect(fs.statSync(`${to}/small`).nlink).toBe(1);
  await sync(from, `${temp.path}/other`, { linkDest: ["../old"] });
  expect(fs.statSync(`${temp.path}/other/small`).nlink).toBe(2);
});

test("directories of two kinds are refused, and too many", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plantTwice(from, `${temp.path}/old`);
  await expect(sync(from, to, { linkDest: ["a"], copyDest: ["b"] })).rejects.toMatchObject({ code: "USAGE" });
  const many = Array.from({ length: maxPlaceCount + 1 }, () => "a");
  await expect(sync(from, to, { linkDest: many })).rejects.toMatchObject({ code: "LIMIT" });
});

test.each(["", "content", "x".repeat(100_000)])(
  "a file that is shared stays as it is elsewhere",
  async (content) => {
    using temp = tempDir();
    const [from, to, other] = [`${temp.path}/from`, `${temp.path}/to`, `${temp.path}/other`];
    for (const dir of [from, to]) {
      fs.mkdirSync(dir);
      fs.writeFileSync(`${dir}/a`, content);
    }
    fs.linkSync(`${to}/a`, other);
    fs.chmodSync(`${from}/a`, 0o600);
    const before = fs.statSync(other);
    const { troubles } = await sync(from, to, { sparesLinked: true });
    expect(troubles).toEqual([]);
    expect(fs.statSync(`${to}/a`).mode & 0o777).toBe(0o600);
    expect(fs.readFileSync(`${to}/a`, "latin1")).toBe(content);
    expect(fs.statSync(other)).toMatchObject({ mode: before.mode, mtimeMs: before.mtimeMs, ino: before.ino });
  },
);

for (const system of sharingSystems)
  unless(noMounting() ?? missing(system[0], "filefrag")).test(
    `a copy shares its blocks where the file system can (${system[0]})`,
    (context) =>
      onDisk(context, system, async (disk) => {
        const [from, old, to] = [`${disk}/from`, `${disk}/old`, `${disk}/to`];
        plantTwice(from, old);
        const { sentBytes, troubles } = await sync(from, to, { copyDest: ["../old"] });
        expect({ sentBytes, troubles }).toEqual({ sentBytes: 0, troubles: [] });
        expect(fs.readFileSync(`${to}/d/large`).equals(noise(300_000, 1))).toBe(true);
        expect(sharedBytes(`${to}/d/large`)).toBeGreaterThan(300_000);
        expect(fs.statSync(`${to}/d/large`).nlink).toBe(1);
      }),
  );
