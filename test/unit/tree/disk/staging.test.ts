import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { describe, expect, test } from "vitest";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees, type SyncTreesOptions, type SyncTreesResult } from "./sync-trees.ts";
import { noMounting, unless } from "../../../obstacles.ts";

interface SyncOptions extends SyncTreesOptions, TreeTargetOptions {}

async function sync(from: string, to: string, options: SyncOptions = {}): Promise<SyncTreesResult> {
  return syncTrees(await openTreeSource(from), await openTreeTarget(to, options), options);
}

/** Breaks off a session when some of its content is there; what it staged stays. */
async function breakOff(from: string, to: string): Promise<void> {
  let batchCount = 0;
  const onBatch = (): void => {
    if (++batchCount === 3) throw new Error("cable cut");
  };
  await expect(sync(from, to, { onBatch })).rejects.toThrow("cable cut");
}

function allNames(root: string): string[] {
  return fs.readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
}

/** Mounts a file system of so many bytes. */
function mount(place: string, bytes: number): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=755`, "tmpfs", place]);
}

describe("what a broken session staged", () => {
  test("goes with the next that completes, though that needs none of it", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    fs.writeFileSync(`${temp.path}/from/big`, noise(6_000_000, 1));
    await breakOff(`${temp.path}/from/`, `${temp.path}/to`);
    expect(allNames(`${temp.path}/to`)).toHaveLength(2);
    fs.rmSync(`${temp.path}/from/big`);
    await sync(`${temp.path}/from/`, `${temp.path}/to`);
    expect(allNames(`${temp.path}/to`)).toEqual([]);
  });

  test("is all that is taken for that: other files of such a directory stay", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    fs.writeFileSync(`${temp.path}/from/file`, "new");
    // Whoever may rename things at the destination may give a private directory this name.
    fs.mkdirSync(`${temp.path}/to/.rsync-stream`, { recursive: true, mode: 0o700 });
    fs.writeFileSync(`${temp.path}/to/.rsync-stream/notes`, "precious");
    await sync(`${temp.path}/from/`, `${temp.path}/to`);
    expect(fs.readFileSync(`${temp.path}/to/.rsync-stream/notes`, "utf8")).toBe("precious");
  });

  test("is refused once, for all that is to come, where it is not private", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    for (const name of ["a", "b", "c"]) fs.writeFileSync(`${temp.path}/from/${name}`, "new");
    fs.mkdirSync(`${temp.path}/to`);
    fs.writeFileSync(`${temp.path}/to/.rsync-stream`, "a file");
    const refused = { code: "PATH", detail: { path: ".rsync-stream" } };
    await expect(sync(`${temp.path}/from/`, `${temp.path}/to`)).rejects.toMatchObject(refused);
    expect(allNames(`${temp.path}/to`)).toEqual([".rsync-stream"]);
  });

  test("goes though a lock could not be taken over to the end", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    fs.mkdirSync(`${temp.path}/to/.rsync-stream`, { recursive: true, mode: 0o700 });
    fs.writeFileSync(`${temp.path}/to/.rsync-stream/lock.0123456789ab`, "{}");
    fs.symlinkSync("nowhere", `${temp.path}/to/.rsync-stream/01234567.0123456789ab.0`);
    await sync(`${temp.path}/from/`, `${temp.path}/to`);
    expect(allNames(`${temp.path}/to`)).toEqual([]);
  });
});

test("what a session left that was killed while it copied into a place that no rename leads into goes with the next", async () => {
  using temp = tempDir();
  const { path: root } = temp;
  for (const name of ["from", "to"]) {
    fs.mkdirSync(`${root}/${name}/sub`, { recursive: true });
    fs.writeFileSync(`${root}/${name}/sub/file`, "whole");
    execFileSync("touch", ["-d", "@1000000000", `${root}/${name}/sub/file`]);
  }
  // The file was in its place, and its copies not removed yet.
  for (const dir of ["to", "to/sub"]) {
    fs.mkdirSync(`${root}/${dir}/.rsync-stream`, { mode: 0o700 });
    fs.writeFileSync(`${root}/${dir}/.rsync-stream/01234567.0123456789ab.0`, "whole");
    fs.writeFileSync(`${root}/${dir}/.rsync-stream/lock`, "");
    execFileSync("touch", ["-d", "@1000000000", `${root}/${dir}/.rsync-stream/lock`]);
  }
  await sync(`${root}/from/`, `${root}/to`);
  expect(allNames(`${root}/to`)).toEqual(["sub", "sub/file"]);
});

describe("a staging directory below the top", () => {
  test("is neither sent nor received", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from/sub/.rsync-stream`, { recursive: true });
    fs.writeFileSync(`${temp.path}/from/sub/.rsync-stream/lock`, "x");
    fs.writeFileSync(`${temp.path}/from/sub/file`, "x");
    const { troubles } = await sync(`${temp.path}/from/`, `${temp.path}/to`);
    expect(troubles).toEqual([]);
    expect(allNames(`${temp.path}/to`)).toEqual(["sub", "sub/file"]);
  });

  test("stays when the rest is deleted while a session uses it, and goes when none does", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from/sub`, { recursive: true });
    fs.writeFileSync(`${temp.path}/from/file`, "x");
    fs.mkdirSync(`${temp.path}/inner`);
    fs.writeFileSync(`${temp.path}/inner/big`, noise(6_000_000, 1));
    fs.mkdirSync(`${temp.path}/to/sub`, { recursive: true });
    const source = await openTreeSource(`${temp.path}/inner/`);
    const slow = {
      ...source,
      async *cut(...args: Parameters<typeof source.cut>) {
        let isFirst = true;
        for await (const runs of source.cut(...args)) {
          yield runs;
          if (isFirst) await sync(`${temp.path}/from/`, `${temp.path}/to`, { maxDeletedCount: 100 });
          isFirst = false;
        }
      },
    };
    const { troubles } = await syncTrees(slow, await openTreeTarget(`${temp.path}/to/sub`));
    expect(troubles).toEqual([]);
    expect(allNames(`${temp.path}/to`)).toEqual(["file", "sub", "sub/big"]);

    fs.rmSync(`${temp.path}/to/sub/big`);
    await breakOff(`${temp.path}/inner/`, `${temp.path}/to/sub`);
    expect(fs.readdirSync(`${temp.path}/to/sub`)).toEqual([".rsync-stream"]);
    await sync(`${temp.path}/from/`, `${temp.path}/to`, { maxDeletedCount: 0 });
    expect(allNames(`${temp.path}/to`)).toEqual(["file", "sub"]);
  });
});

unless(noMounting()).test("a disk without room for a lock is left without a staging directory", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  fs.mkdirSync(from);
  fs.mkdirSync(to);
  fs.writeFileSync(`${from}/file`, "new");
  mount(to, 2 ** 20);
  try {
    expect(() => fs.writeFileSync(`${to}/rest`, new Uint8Array(2 ** 21))).toThrow("ENOSPC");
    await expect(sync(`${from}/`, to)).rejects.toMatchObject({ code: "NO_SPACE" });
    expect(allNames(to)).toEqual(["rest"]);
  } finally {
    execFileSync("umount", [to]);
  }
});

describe("a file system below the top", () => {
  const obstacle = noMounting();

  /** Runs work with a roomy file system mounted at `to/data`, and hardly any room at the top. */
  async function withVolumes(work: (root: string) => Promise<void>): Promise<void> {
    using temp = tempDir();
    const to = `${temp.path}/to`;
    fs.mkdirSync(to);
    fs.mkdirSync(`${temp.path}/from/data/deep`, { recursive: true });
    mount(to, 2 ** 20);
    try {
      fs.mkdirSync(`${to}/data`);
      mount(`${to}/data`, 2 ** 26);
      try {
        await work(temp.path);
      } finally {
        execFileSync("umount", [`${to}/data`]);
      }
    } finally {
      execFileSync("umount", [to]);
    }
  }

  unless(obstacle).test("is where its files are built", () =>
    withVolumes(async (root) => {
      fs.writeFileSync(`${root}/from/data/deep/big`, noise(8_000_000, 1));
      fs.truncateSync(`${root}/from/data/deep/big`, 200_000_000);
      const { troubles } = await sync(`${root}/from/`, `${root}/to`);
      expect(troubles).toEqual([]);
      expect(describeTree(`${root}/to/data`)).toEqual(describeTree(`${root}/from/data`));
    }),
  );

  unless(obstacle).test("is where the next session finds what a broken one staged", () =>
    withVolumes(async (root) => {
      fs.writeFileSync(`${root}/from/data/deep/big`, noise(8_000_000, 1));
      await breakOff(`${root}/from/`, `${root}/to`);
      expect(allNames(`${root}/to`)).toContainEqual(expect.stringMatching(/^data\/\.rsync-stream\/./));
      const { sentBytes } = await sync(`${root}/from/`, `${root}/to`);
      expect(sentBytes).toBeLessThan(7_000_000);
      expect(describeTree(`${root}/to/data`)).toEqual(describeTree(`${root}/from/data`));
      await breakOff(`${root}/from/`, `${root}/to`).catch(() => {});
      fs.rmSync(`${root}/to/data/deep/big`);
      await breakOff(`${root}/from/`, `${root}/to`);
      fs.rmSync(`${root}/from/data/deep/big`);
      await sync(`${root}/from/`, `${root}/to`);
      expect(allNames(`${root}/to`)).toEqual(["data", "data/deep"]);
    }),
  );

  unless(obstacle).test("is where links are made, too, before they take a place", () =>
    withVolumes(async (root) => {
      fs.symlinkSync("target", `${root}/from/data/link`);
      fs.writeFileSync(`${root}/to/data/link`, "old");
      const rename = spyOnLinks(`${root}/to/data/link`);
      await sync(`${root}/from/`, `${root}/to`);
      expect(rename()).toBe(0);
      expect(fs.readlinkSync(`${root}/to/data/link`)).toBe("target");
    }),
  );

  /** Counts how often nothing stands at a path, as somebody sees who looks all the time. */
  function spyOnLinks(path: string): () => number {
    const before = fs.symlinkSync;
    let goneCount = 0;
    fs.symlinkSync = ((...args: Parameters<typeof before>) => {
      if (!fs.lstatSync(path, { throwIfNoEntry: false })) goneCount++;
      before(...args);
    }) as typeof before;
    return () => {
      fs.symlinkSync = before;
      return goneCount;
    };
  }

  unless(obstacle).test(
    "may be one that is mounted twice: no rename leads from one place to the other",
    async () => {
      using temp = tempDir();
      const [from, to, other] = ["from", "to", "other"].map((name) => `${temp.path}/${name}`) as [
        string,
        string,
        string,
      ];
      for (const dir of [`${from}/bound`, `${to}/bound`, other]) fs.mkdirSync(dir, { recursive: true });
      execFileSync("mount", ["--bind", other, `${to}/bound`]);
      try {
        fs.writeFileSync(`${from}/bound/file`, noise(3_000_000, 1));
        fs.symlinkSync("file", `${from}/bound/link`);
        const { troubles } = await sync(`${from}/`, to);
        expect(troubles).toEqual([]);
        expect(describeTree(to)).toEqual(describeTree(from));
      } finally {
        execFileSync("umount", [`${to}/bound`]);
      }
    },
  );
});
