import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { createTreeFilter } from "../../../../src/tree/filter/tree-filter.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees, type SyncTreesOptions, type SyncTreesResult } from "./sync-trees.ts";

async function sync(from: string, to: string, options: SyncTreesOptions = {}): Promise<SyncTreesResult> {
  return syncTrees(await openTreeSource(from), await openTreeTarget(to), options);
}

/** A tree with some of everything. */
function fill(root: string): void {
  fs.mkdirSync(path.join(root, "dir/deep/er"), { recursive: true });
  fs.mkdirSync(path.join(root, "empty"));
  fs.writeFileSync(path.join(root, "big"), noise(3_000_000, 1));
  fs.writeFileSync(path.join(root, "dir/small"), "hello", { mode: 0o600 });
  fs.writeFileSync(path.join(root, "dir/nothing"), "");
  fs.writeFileSync(path.join(root, "dir/deep/er/script"), "#!/bin/sh\n", { mode: 0o755 });
  fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff, 0xc3, 0x28, 0x0a)]), "not UTF-8");
  fs.writeFileSync(path.join(root, "größe"), "UTF-8");
  fs.symlinkSync("dir/small", path.join(root, "link"));
  fs.symlinkSync(Buffer.of(0x2e, 0x2f, 0xfe), path.join(root, "odd-link"));
  fs.symlinkSync("loop", path.join(root, "loop"));
  fs.symlinkSync("/etc/passwd", path.join(root, "outside"));
  execFileSync("touch", [
    "-h",
    "-d",
    "@1234567890.123456789",
    path.join(root, "link"),
    path.join(root, "big"),
  ]);
  execFileSync("touch", ["-d", "1969-07-20 20:17:40.987654321 UTC", path.join(root, "dir/small")]);
  execFileSync("touch", ["-d", "2106-02-07 06:28:16.5 UTC", path.join(root, "dir/deep")]);
}

const hasRsync = spawnSync("rsync", ["--version"]).status === 0;

describe("a tree", () => {
  test("arrives with everything it has", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fill(from);
    const result = await sync(`${from}/`, to);
    expect(result.troubles).toEqual([]);
    expect(describeTree(to)).toEqual(describeTree(from));
    if (!hasRsync) return void console.log("rsync is not installed: no second opinion");
    expect(execFileSync("rsync", ["-aHcn", "--delete", "--itemize-changes", `${from}/`, to]).toString()).toBe(
      "",
    );
  });

  test("needs nothing when it is there already", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fill(from);
    await sync(`${from}/`, to);
    const before = describeTree(to);
    const result = await sync(`${from}/`, to);
    expect(result.needs).toEqual({ nothing: result.entryCount, ask: 0, all: 0, old: 0 });
    expect(describeTree(to)).toEqual(before);
  });

  test("sends only what differs, and leaves no trace", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fill(from);
    await sync(`${from}/`, to);
    const content = noise(3_000_000, 1);
    fs.writeFileSync(
      `${from}/big`,
      Buffer.concat([content.subarray(0, 1_500_000), Buffer.from("new"), content.subarray(1_500_000)]),
    );
    fs.renameSync(`${from}/dir/deep`, `${from}/moved`);
    fs.chmodSync(`${from}/dir/small`, 0o640);
    const result = await sync(`${from}/`, to);
    expect(result.troubles).toEqual([]);
    expect(result.sentBytes).toBeLessThan(200_000);
    fs.rmSync(`${to}/dir/deep`, { recursive: true });
    execFileSync("touch", ["-r", `${from}/dir`, `${to}/dir`]);
    expect(describeTree(to)).toEqual(describeTree(from));
  });

  test.each([500_000, 2_000_000])("takes moved content from where it was: %i bytes", async (length) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fs.mkdirSync(to);
    fs.writeFileSync(`${to}/old-name`, noise(length, 2));
    fs.writeFileSync(`${from}/new-name`, noise(length, 2));
    expect((await sync(`${from}/`, to)).sentBytes).toBe(0);
    expect(fs.readFileSync(`${to}/new-name`).equals(noise(length, 2))).toBe(true);
  });

  test("takes each file of a moved directory from its own old place, though many have the same size", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(`${from}/moved`, { recursive: true });
    fs.mkdirSync(`${to}/old`, { recursive: true });
    for (let i = 0; i < 12; i++) {
      fs.writeFileSync(`${to}/old/${i}`, noise(50_000, i));
      fs.writeFileSync(`${from}/moved/${i}`, noise(50_000, i));
    }
    expect((await sync(`${from}/`, to)).sentBytes).toBe(0);
  });

  test("takes each renamed file from its own old place by its time, though many have the same size", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fs.mkdirSync(to);
    for (let i = 0; i < 12; i++) {
      for (const path of [`${to}/old-${i}`, `${from}/new-${i}`]) {
        fs.writeFileSync(path, noise(50_000, i));
        fs.utimesSync(path, 1000 + i, 1000 + i);
      }
    }
    expect((await sync(`${from}/`, to)).sentBytes).toBe(0);
  });

  test("finds a chunk anywhere when it has to", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fs.mkdirSync(to);
    fs.writeFileSync(`${to}/other`, Buffer.concat([noise(300_000, 3), noise(400_000, 4)]));
    fs.writeFileSync(`${from}/file`, noise(400_000, 4));
    const result = await sync(`${from}/`, to, { search: true });
    expect(result.sentBytes).toBeLessThan(70_000);
    expect(fs.readFileSync(`${to}/file`).equals(noise(400_000, 4))).toBe(true);
  });

  test("never rewrites a file that was only touched", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fill(from);
    await sync(`${from}/`, to);
    const { ino } = fs.statSync(`${to}/big`);
    fs.utimesSync(`${from}/big`, 5, 5);
    expect(await sync(`${from}/`, to)).toMatchObject({ sentBytes: 0, needs: { ask: 1, all: 0 } });
    expect(fs.statSync(`${to}/big`)).toMatchObject({ ino, mtimeMs: 5000 });
  });

  test.each([0, 1, 8191, 1_000_000])("becomes shorter when its file does, to %i bytes", async (length) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.writeFileSync(from, noise(length, 5));
    fs.writeFileSync(to, noise(2_000_000, 5));
    const result = await sync(from, to);
    expect(result.troubles).toEqual([]);
    expect(fs.readFileSync(to).equals(noise(length, 5))).toBe(true);
  });

  test("keeps holes", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.writeFileSync(from, "start");
    fs.truncateSync(from, 50_000_000);
    const result = await sync(from, to);
    expect(result.sentBytes).toBeLessThan(200_000);
    const { size, blocks } = fs.statSync(to);
    expect(size).toBe(50_000_000);
    expect(blocks * 512).toBeLessThan(200_000);
  });

  test.each([4096, 8192, 8193])("%i bytes of zeros take no room on the disk", async (length) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.writeFileSync(from, new Uint8Array(length));
    await sync(from, to);
    expect(fs.readFileSync(to).equals(new Uint8Array(length))).toBe(true);
    expect(fs.statSync(to).blocks).toBe(0);
  });
});

describe("the place of a tree", () => {
  test.each<[string, string, string]>([
    ["dir/", "out", "out/file"],
    ["dir", "out", "out/dir/file"],
    ["dir/file", "out", "out"],
    ["dir/file", "out/", "out/file"],
    ["dir/file", "there", "there/file"],
    ["dir", "there", "there/dir/file"],
    ["dir/", "there", "there/file"],
  ])("%s to %s is %s", async (from, to, expected) => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/dir`);
    fs.mkdirSync(`${temp.path}/there`);
    fs.writeFileSync(`${temp.path}/dir/file`, "content");
    await sync(`${temp.path}/${from}`, `${temp.path}/${to}`);
    expect(fs.readFileSync(`${temp.path}/${expected}`, "utf8")).toBe("content");
    expect(fs.existsSync(`${temp.path}/${path.dirname(expected)}/.rsync-stream`)).toBe(false);
  });

  test("is not made when the directory around it is missing", async () => {
    using temp = tempDir();
    fs.writeFileSync(`${temp.path}/file`, "content");
    await expect(sync(`${temp.path}/file`, `${temp.path}/no/where`)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(sync(`${temp.path}/none`, temp.path)).rejects.toMatchObject({ code: "VANISHED" });
  });
});

describe("another kind in the way", () => {
  async function replace(make: (place: string) => void, wanted: (place: string) => void): Promise<string[]> {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    fs.mkdirSync(`${temp.path}/to`);
    fs.mkdirSync(`${temp.path}/elsewhere`);
    fs.writeFileSync(`${temp.path}/elsewhere/file`, "sentinel");
    make(`${temp.path}/to/x`);
    wanted(`${temp.path}/from/x`);
    const { troubles } = await sync(`${temp.path}/from/`, `${temp.path}/to`);
    expect(fs.readFileSync(`${temp.path}/elsewhere/file`, "utf8")).toBe("sentinel");
    expect(fs.readdirSync(`${temp.path}/elsewhere`)).toEqual(["file"]);
    if (troubles.length > 0) return troubles.map(({ code, detail }) => `${code} ${detail.path}`);
    expect(describeTree(`${temp.path}/to`)).toEqual(describeTree(`${temp.path}/from`));
    return [];
  }
  const file = (place: string): void => fs.writeFileSync(place, "content");
  const emptyDir = (place: string): void => void fs.mkdirSync(place);
  const fullDir = (place: string): void => {
    fs.mkdirSync(place);
    fs.writeFileSync(`${place}/file`, "inside");
  };
  const link = (place: string): void => fs.symlinkSync("../elsewhere", place);
  const pipe = (place: string): void => void execFileSync("mkfifo", [place]);

  test.each([
    ["a file", "an empty directory", emptyDir, file],
    ["a file", "a link", link, file],
    ["a file", "a pipe", pipe, file],
    ["a link", "a file", file, link],
    ["a link", "an empty directory", emptyDir, link],
    ["a directory", "a file", file, fullDir],
    ["a directory", "a link to a directory outside", link, fullDir],
  ])("%s replaces %s", async (_, __, make, wanted) => expect(await replace(make, wanted)).toEqual([]));

  test("a directory with content is not removed for a file or a link", async () => {
    expect(await replace(fullDir, file)).toEqual(["IO x"]);
    expect(await replace(fullDir, link)).toEqual(["IO x"]);
  });
});

describe("modes", () => {
  test("setuid, setgid and sticky bits are left out", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    for (const mode of [0o4755, 0o2755, 0o1777, 0o7777]) {
      fs.writeFileSync(`${temp.path}/from/${mode.toString(8)}`, "x");
      fs.chmodSync(`${temp.path}/from/${mode.toString(8)}`, mode);
    }
    await sync(`${temp.path}/from/`, `${temp.path}/to`);
    const modes = fs
      .readdirSync(`${temp.path}/to`)
      .map((name) => fs.statSync(`${temp.path}/to/${name}`).mode & 0o7777);
    expect(modes).toEqual([0o777, 0o755, 0o755, 0o777]);
  });

  test("read-only directories are filled first, five deep, twice", async () => {
    using temp = tempDir();
    const deep = `${temp.path}/from/a/b/c/d/e`;
    fs.mkdirSync(deep, { recursive: true });
    fs.writeFileSync(`${deep}/file`, "x", { mode: 0o444 });
    execFileSync("chmod", ["-R", "a-w", `${temp.path}/from`]);
    expect((await sync(`${temp.path}/from`, `${temp.path}/to`)).troubles).toEqual([]);
    expect(describeTree(`${temp.path}/to/from`)).toEqual(describeTree(`${temp.path}/from`));
    execFileSync("touch", [`${deep}/file`]);
    expect((await sync(`${temp.path}/from`, `${temp.path}/to`)).troubles).toEqual([]);
    expect(describeTree(`${temp.path}/to/from`)).toEqual(describeTree(`${temp.path}/from`));
  });
});

describe("what is not sent", () => {
  test("a pipe that is not kept is skipped, as is what stands in its place", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    execFileSync("mkfifo", [`${temp.path}/from/pipe`]);
    fs.writeFileSync(`${temp.path}/from/file`, "x");
    const { troubles } = await sync(`${temp.path}/from/`, `${temp.path}/to`);
    expect(troubles).toMatchObject([{ code: "SKIPPED", detail: { path: "pipe" } }]);
    expect(fs.readdirSync(`${temp.path}/to`)).toEqual(["file"]);
    fs.writeFileSync(`${temp.path}/to/pipe`, "old");
    fs.writeFileSync(`${temp.path}/to/gone`, "");
    const target = await openTreeTarget(`${temp.path}/to`, { maxDeletedCount: 1 });
    await syncTrees(await openTreeSource(`${temp.path}/from/`), target);
    expect(fs.readdirSync(`${temp.path}/to`)).toEqual(["file", "pipe"]);
  });

  test("a file that changes after it was listed keeps its old version, others arrive", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    for (const name of ["a", "b", "c"]) fs.writeFileSync(`${temp.path}/from/${name}`, name);
    const source = await openTreeSource(`${temp.path}/from/`);
    const slow = {
      ...source,
      async *cut(...args: Parameters<typeof source.cut>) {
        fs.writeFileSync(`${temp.path}/from/a`, "");
        fs.rmSync(`${temp.path}/from/b`);
        yield* source.cut(...args);
      },
    };
    const { troubles } = await syncTrees(slow, await openTreeTarget(`${temp.path}/to`));
    expect(troubles.map(({ code, detail }) => `${code} ${detail.path}`)).toEqual(["CHANGED a", "VANISHED b"]);
    expect(fs.readdirSync(`${temp.path}/to`)).toEqual(["c"]);
  });

  test("what the caller excludes stays", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from/keep`, { recursive: true });
    fs.mkdirSync(`${temp.path}/from/skip`);
    fs.writeFileSync(`${temp.path}/from/keep/a`, "");
    fs.writeFileSync(`${temp.path}/from/keep/b`, "");
    fs.writeFileSync(`${temp.path}/from/skip/c`, "");
    const filter = createTreeFilter(["- skip", "- /keep/b"]);
    await syncTrees(
      await openTreeSource(`${temp.path}/from/`, { filter }),
      await openTreeTarget(`${temp.path}/to`),
    );
    expect(describeTree(`${temp.path}/to`).map((line) => line.split(" ")[0])).toEqual([
      ".",
      "./keep",
      "./keep/a",
    ]);
  });
});

describe("a destination in use", () => {
  test("is locked, and says by whom", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    fs.writeFileSync(`${temp.path}/from/a`, "a");
    let inner: unknown;
    const source = await openTreeSource(`${temp.path}/from/`);
    const held = {
      ...source,
      async *cut(...args: Parameters<typeof source.cut>) {
        inner = await sync(`${temp.path}/from/`, `${temp.path}/to`).catch((thrown: unknown) => thrown);
        yield* source.cut(...args);
      },
    };
    await syncTrees(held, await openTreeTarget(`${temp.path}/to`));
    expect(inner).toMatchObject({ code: "LOCKED", message: expect.stringContaining(String(process.pid)) });
    expect(fs.readFileSync(`${temp.path}/to/a`, "utf8")).toBe("a");
  });

  test("is taken over from a dead process", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/to/.rsync-stream`, { recursive: true, mode: 0o700 });
    const { pid } = spawnSync("true");
    const host = execFileSync("hostname").toString().trim();
    fs.writeFileSync(
      `${temp.path}/to/.rsync-stream/lock`,
      JSON.stringify({ pid, host, started: "1", since: "x" }),
    );
    fs.writeFileSync(`${temp.path}/a`, "a");
    await sync(`${temp.path}/a`, `${temp.path}/to`);
    expect(fs.readdirSync(`${temp.path}/to`)).toEqual(["a"]);
  });

  test("is not taken over from another host", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/to/.rsync-stream`, { recursive: true, mode: 0o700 });
    const holder = { pid: 1, host: "elsewhere.example", started: "1", since: "x" };
    fs.writeFileSync(`${temp.path}/to/.rsync-stream/lock`, JSON.stringify(holder));
    fs.writeFileSync(`${temp.path}/a`, "a");
    await expect(sync(`${temp.path}/a`, `${temp.path}/to`)).rejects.toMatchObject({
      code: "LOCKED",
      message: expect.stringContaining("elsewhere.example"),
    });
  });

  test("keeps what came when a session breaks off, and uses it in the next", async () => {
    using temp = tempDir();
    fs.writeFileSync(`${temp.path}/from`, noise(8_000_000, 7));
    let batchCount = 0;
    const breakOff = (): void => {
      if (++batchCount === 5) throw new Error("cable cut");
    };
    await expect(sync(`${temp.path}/from`, `${temp.path}/to`, { onBatch: breakOff })).rejects.toThrow(
      "cable cut",
    );
    expect(fs.existsSync(`${temp.path}/to`)).toBe(false);
    const result = await sync(`${temp.path}/from`, `${temp.path}/to`);
    expect(result.sentBytes).toBeLessThan(8_000_000 - 4_000_000);
    expect(fs.readFileSync(`${temp.path}/to`).equals(noise(8_000_000, 7))).toBe(true);
    expect(fs.readdirSync(temp.path)).toEqual(["from", "to"]);
  });
});
