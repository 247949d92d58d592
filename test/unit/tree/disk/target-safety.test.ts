import { execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { fastcdcSpec } from "../../../../src/chunk/cutter-specs.ts";
import { chunkOf } from "../../../../src/chunk/verify.ts";
import type { SyncError } from "../../../../src/errors.ts";
import { DirNode } from "../../../../src/tree/disk/calls/dir-node.node.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { firstMode } from "../../../../src/tree/disk/facts/metadata.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { Entry, Layout } from "../../../../src/tree/entry/entry.ts";
import type { TreeTarget } from "../../../../src/tree/target.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";
import { noMounting, notLinux, unless } from "../../../obstacles.ts";

const flipMs = 2000;
/** However long these take. */
const leastRounds = 3;

function entry(depth: number, name: string, changes: Partial<Entry> = {}): Entry {
  const nameBytes = Buffer.from(name);
  return { depth, name: nameBytes, kind: "dir", size: 0, mode: 0o755, mtimeSec: 1, mtimeNsec: 0, ...changes };
}

async function openFor(
  place: string,
  layout: Layout,
): Promise<{ target: TreeTarget; troubles: SyncError[] }> {
  const target = await openTreeTarget(place);
  const troubles: SyncError[] = [];
  const onTrouble = (_: number, error: SyncError): void => void troubles.push(error);
  await target.open({ cutter: fastcdcSpec(), layout, search: false, onTrouble });
  return { target, troubles };
}

/** A directory that nothing may touch. */
function makeOutside(root: string): { path: string; facts: () => string[] } {
  const outside = path.join(root, "outside");
  fs.mkdirSync(`${outside}/sub`, { recursive: true });
  for (const name of ["file", "f1", "f2", "sub/file"]) fs.writeFileSync(`${outside}/${name}`, "sentinel");
  const times = ["-d", "@1000000000", outside, `${outside}/sub`, `${outside}/file`];
  execFileSync("touch", times);
  return { path: outside, facts: () => describeTree(outside) };
}

describe("links at the destination", () => {
  test("are replaced by the directories of the tree, never entered", async () => {
    using temp = tempDir();
    const outside = makeOutside(temp.path);
    const before = outside.facts();
    fs.mkdirSync(`${temp.path}/from/sub`, { recursive: true });
    fs.writeFileSync(`${temp.path}/from/sub/file`, "mine");
    fs.mkdirSync(`${temp.path}/to`);
    fs.symlinkSync("../outside", `${temp.path}/to/sub`);
    await syncTrees(await openTreeSource(`${temp.path}/from/`), await openTreeTarget(`${temp.path}/to`));
    expect(outside.facts()).toEqual(before);
    expect(fs.readFileSync(`${temp.path}/to/sub/file`, "utf8")).toBe("mine");
  });

  test("that a sender plants do not lead it out", async () => {
    using temp = tempDir();
    const outside = makeOutside(temp.path);
    const before = outside.facts();
    const { target, troubles } = await openFor(`${temp.path}/to`, "contents");
    const target1 = Buffer.from(outside.path);
    const content = Buffer.from("written through");
    // Past the checks of the order: a link, and a file whose directory has the link's name.
    await target.plan(
      [entry(0, "."), entry(1, "sub"), entry(2, "file", { kind: "file", size: content.length })],
      0,
    );
    await target.plan([entry(1, "sub", { kind: "symlink", target: target1 })], 3);
    await target.write([{ entry: 2, offset: 0, chunk: chunkOf(content) }]);
    await target.finish([{ entry: 2, size: content.length }]);
    await target.commit(true);
    await target.close();
    expect(outside.facts()).toEqual(before);
    expect(troubles.length).toBeGreaterThan(0);
  });

  test("in place of the staging directory are refused", async () => {
    using temp = tempDir();
    const outside = makeOutside(temp.path);
    const before = outside.facts();
    fs.mkdirSync(`${temp.path}/to`);
    fs.symlinkSync(outside.path, `${temp.path}/to/.rsync-stream`);
    fs.writeFileSync(`${temp.path}/file`, "x");
    const sync = syncTrees(
      await openTreeSource(`${temp.path}/file`),
      await openTreeTarget(`${temp.path}/to`),
    );
    await expect(sync).rejects.toMatchObject({ code: "PATH" });
    expect(outside.facts()).toEqual(before);
  });

  test("thousands of them, with loops, are stored as they are", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    for (let i = 0; i < 2000; i++) fs.symlinkSync(`l${(i + 1) % 2000}`, `${temp.path}/from/l${i}`);
    await syncTrees(await openTreeSource(`${temp.path}/from/`), await openTreeTarget(`${temp.path}/to`));
    expect(describeTree(`${temp.path}/to`)).toEqual(describeTree(`${temp.path}/from`));
  });
});

describe("a directory that is swapped for a link all the time", () => {
  /** Runs work again and again while another process swaps `dir` for a link to `target`. */
  async function whileFlipping(
    dir: string,
    target: string,
    work: (round: number) => Promise<void>,
  ): Promise<number> {
    const flipper = fork(path.join(import.meta.dirname, "flip.mjs"), [dir, target], { execArgv: [] });
    await once(flipper, "message");
    let round = 0;
    for (const end = Date.now() + flipMs; round < leastRounds || Date.now() < end; round++) await work(round);
    const ended = once(flipper, "exit");
    flipper.disconnect();
    await ended;
    return round;
  }

  unless(notLinux).test.each(["sub", ".rsync-stream"])(
    "%s at the destination: nothing outside changes",
    async (swapped) => {
      using temp = tempDir();
      const outside = makeOutside(temp.path);
      const before = outside.facts();
      fs.mkdirSync(`${temp.path}/from/sub/sub`, { recursive: true });
      for (let i = 0; i < 100; i++) fs.writeFileSync(`${temp.path}/from/sub/f${i}`, noise(200 + i, i));
      fs.writeFileSync(`${temp.path}/from/sub/file`, noise(300_000, 1));
      fs.symlinkSync("f1", `${temp.path}/from/sub/link`);
      fs.mkdirSync(`${temp.path}/to/${swapped}`, { recursive: true, mode: 0o700 });
      const rounds = await whileFlipping(`${temp.path}/to/${swapped}`, outside.path, async (round) => {
        execFileSync("touch", ["-d", `@${round}`, `${temp.path}/from/sub/file`, `${temp.path}/from/sub`]);
        const source = await openTreeSource(`${temp.path}/from/`);
        // Trouble and locks are fine here: only the outside counts.
        await syncTrees(source, await openTreeTarget(`${temp.path}/to`)).catch(() => undefined);
      });
      expect(rounds).toBeGreaterThan(1);
      expect(outside.facts()).toEqual(before);
    },
  );

  unless(notLinux).test("at the source: no content from outside is read", async () => {
    using temp = tempDir();
    const outside = makeOutside(temp.path);
    fs.mkdirSync(`${temp.path}/from/sub`, { recursive: true });
    for (const name of ["file", "f1", "f2"]) fs.writeFileSync(`${temp.path}/from/sub/${name}`, "harmless");
    let readCount = 0;
    await whileFlipping(`${temp.path}/from/sub`, outside.path, async () => {
      const source = await openTreeSource(`${temp.path}/from/`);
      const files = [];
      for await (const batch of source.entries({}))
        files.push(...batch.filter(({ entry: { kind } }) => kind === "file"));
      const handles = files.map(({ file }) => file);
      for await (const runs of source.cut(handles, fastcdcSpec(), {})) {
        for (const { bytes } of runs) {
          expect(Buffer.from(bytes).toString()).not.toContain("sentinel");
          readCount += bytes.length;
        }
      }
      await source.close();
    });
    expect(readCount).toBeGreaterThan(0);
  });
});

test("nobody else can do more with a file before it is done than in the end", () => {
  for (let mode = 0; mode <= 0o777; mode++)
    expect(firstMode({ mode, mtimeSec: 0, mtimeNsec: 0 })).toBe(mode | 0o600);
});

test("nobody else can write to a directory before it is done", async () => {
  using temp = tempDir();
  const before = process.umask(0);
  try {
    const { target, troubles } = await openFor(`${temp.path}/to`, "named");
    await target.plan([entry(0, "open", { mode: 0o777 }), entry(0, "shut", { mode: 0o500 })], 0);
    const modes = (): number[] =>
      ["open", "shut"].map((name) => fs.statSync(`${temp.path}/to/${name}`).mode & 0o777);
    expect(modes()).toEqual([0o755, 0o700]);
    await target.commit(true);
    expect(modes()).toEqual([0o777, 0o500]);
    expect(troubles).toEqual([]);
    await target.close();
  } finally {
    process.umask(before);
  }
});

describe("held directories", () => {
  unless(notLinux).test("pin every call, whatever stands at the path", () => {
    using temp = tempDir();
    const outside = makeOutside(temp.path);
    const before = outside.facts();
    fs.mkdirSync(`${temp.path}/root/sub`, { recursive: true });
    fs.writeFileSync(`${temp.path}/root/sub/file`, "mine");
    const held = new HeldDirs(`${temp.path}/root`);
    const sub = new DirNode(held.root, "sub");
    held.at(sub, "file");
    fs.renameSync(`${temp.path}/root/sub`, `${temp.path}/moved`);
    fs.symlinkSync(outside.path, `${temp.path}/root/sub`);

    expect(fs.readFileSync(held.at(sub, "file"), "utf8")).toBe("mine");
    fs.writeFileSync(held.at(sub, "new"), "");
    fs.renameSync(held.at(sub, "new"), held.at(sub, "newer"));
    fs.unlinkSync(held.at(sub, "newer"));
    fs.mkdirSync(held.at(sub, "dir"));
    fs.chmodSync(held.at(sub, "file"), 0o600);
    fs.utimesSync(held.at(sub, "file"), 1, 1);
    expect(fs.readdirSync(held.pathTo(sub))).toEqual(["dir", "file"]);
    expect(() => held.at(new DirNode(held.root, "sub"), "file")).toThrow(/ENOTDIR/);
    held.close();
    expect(outside.facts()).toEqual(before);
  });

  test("hold a bounded number of directories open", () => {
    using temp = tempDir();
    const held = new HeldDirs(temp.path);
    const openCount = (): number => fs.readdirSync("/proc/self/fd").length;
    const before = openCount();
    for (let i = 0; i < 300; i++) {
      fs.mkdirSync(`${temp.path}/${i}`);
      fs.writeFileSync(held.at(new DirNode(held.root, String(i)), "file"), String(i));
    }
    expect(openCount() - before).toBeLessThanOrEqual(64);
    held.close();
    expect(openCount()).toBeLessThan(before);
  });
});

describe("the root", () => {
  test("may be a link; it is followed once", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/real`);
    fs.symlinkSync("real", `${temp.path}/to`);
    fs.writeFileSync(`${temp.path}/file`, "x");
    await syncTrees(await openTreeSource(`${temp.path}/file`), await openTreeTarget(`${temp.path}/to`));
    expect(fs.readdirSync(`${temp.path}/real`)).toEqual(["file"]);
  });

  test("that is replaced while in use ends the session in failure, and the new one is not touched", async () => {
    using temp = tempDir();
    fs.writeFileSync(`${temp.path}/file`, "x");
    fs.mkdirSync(`${temp.path}/to`);
    const swap = (): void => {
      fs.renameSync(`${temp.path}/to`, `${temp.path}/moved`);
      fs.mkdirSync(`${temp.path}/to`);
    };
    const source = await openTreeSource(`${temp.path}/file`);
    const sync = syncTrees(source, await openTreeTarget(`${temp.path}/to`), { onBatch: swap });
    await expect(sync).rejects.toMatchObject({ code: "CHANGED" });
    expect(fs.readdirSync(`${temp.path}/to`)).toEqual([]);
    expect(fs.readdirSync(`${temp.path}/moved`)).toEqual(["file"]);
  });

  test("has a name that nobody may send", async () => {
    using temp = tempDir();
    const { target, troubles } = await openFor(`${temp.path}/to`, "contents");
    const planted = entry(1, ".rsync-stream", { kind: "symlink", target: Buffer.from("/") });
    await target.plan([entry(0, "."), planted], 0);
    await target.close();
    expect(troubles).toMatchObject([{ code: "PATH" }]);
    expect(fs.readdirSync(`${temp.path}/to`)).toEqual([]);
  });
});

describe("a file", () => {
  test.each(["before any of it came", "while it is replaced"])(
    "that somebody edits %s keeps the edit",
    async (when) => {
      using temp = tempDir();
      fs.writeFileSync(`${temp.path}/from`, noise(3_000_000, 1));
      fs.writeFileSync(`${temp.path}/to`, noise(3_000_000, 2));
      let batchCount = 0;
      const editAt = when === "while it is replaced" ? 2 : 1;
      const edit = (): void => {
        if (++batchCount === editAt) fs.writeFileSync(`${temp.path}/to`, "an edit");
      };
      const source = await openTreeSource(`${temp.path}/from`);
      const { troubles } = await syncTrees(source, await openTreeTarget(`${temp.path}/to`), {
        onBatch: edit,
      });
      expect(troubles).toMatchObject([{ code: "CHANGED" }]);
      expect(fs.readFileSync(`${temp.path}/to`, "utf8")).toBe("an edit");
    },
  );

  test("of which a part never came keeps its old version", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/to`);
    fs.writeFileSync(`${temp.path}/to/a`, "old");
    const { target, troubles } = await openFor(`${temp.path}/to`, "named");
    await target.plan([entry(0, "a", { kind: "file", size: 10 })], 0);
    await target.write([{ entry: 0, offset: 0, chunk: chunkOf(Buffer.from("half.")) }]);
    await target.finish([{ entry: 0, size: 10 }]);
    await target.commit(true);
    await target.close();
    expect(troubles).toMatchObject([{ code: "TRUNCATED", detail: { path: "a" } }]);
    expect(fs.readFileSync(`${temp.path}/to/a`, "utf8")).toBe("old");
    expect(fs.readdirSync(`${temp.path}/to`)).toEqual(["a"]);
  });

  test("that is longer than announced is given up", async () => {
    using temp = tempDir();
    const { target, troubles } = await openFor(`${temp.path}/to/`, "named");
    await target.plan([entry(0, "a", { kind: "file", size: 3 })], 0);
    await target.write([{ entry: 0, offset: 0, chunk: chunkOf(Buffer.from("four")) }]);
    await target.finish([{ entry: 0, size: 4 }]);
    await target.close();
    expect(troubles).toMatchObject([{ code: "CHANGED", detail: { path: "a" } }]);
    expect(fs.readdirSync(`${temp.path}/to`)).toEqual([]);
  });
});

describe("after kill -9", () => {
  test("pareco 3, 5: the next run finishes, sends no more than was missing, and nothing is half", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/from`);
    for (let i = 0; i < 200; i++) fs.writeFileSync(`${temp.path}/from/f${i}`, noise(3000, i));
    fs.writeFileSync(`${temp.path}/from/z`, noise(20_000_000, 99));
    const script = path.join(temp.path, "receive.mjs");
    const own = (file: string): string => JSON.stringify(path.join(import.meta.dirname, file));
    const tree = (file: string): string =>
      JSON.stringify(path.join(import.meta.dirname, "../../../../src/tree/disk", file));
    const code = `
      import { openTreeSource } from ${tree("source/source.node.ts")};
      import { openTreeTarget } from ${tree("target/target.node.ts")};
      import { syncTrees } from ${own("sync-trees.ts")};
      const onBatch = () => process.stdout.write(".");
      await syncTrees(await openTreeSource("from/"), await openTreeTarget("to"), { onBatch });
    `;
    const modules = path.join(import.meta.dirname, "../../../../node_modules");
    const { build } = await import("esbuild");
    const stdin = { contents: code, resolveDir: import.meta.dirname, loader: "ts" as const };
    await build({
      stdin,
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: script,
      external: ["koffi"],
    });
    const child = spawn(process.execPath, [script], { cwd: temp.path, env: { NODE_PATH: modules } });
    let dots = 0;
    for await (const block of child.stdout) {
      dots += (block as Buffer).length;
      if (dots >= 12) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    for (const name of fs.readdirSync(`${temp.path}/to`).filter((each) => each.startsWith("f"))) {
      expect(fs.readFileSync(`${temp.path}/to/${name}`)).toEqual(
        fs.readFileSync(`${temp.path}/from/${name}`),
      );
    }
    const result = await syncTrees(
      await openTreeSource(`${temp.path}/from/`),
      await openTreeTarget(`${temp.path}/to`),
    );
    expect(result.sentBytes).toBeLessThan(14_000_000);
    expect(describeTree(`${temp.path}/to`)).toEqual(describeTree(`${temp.path}/from`));
  });
});

describe("a full disk", () => {
  const obstacle = noMounting();

  unless(obstacle).test(
    "ends the session with NO_SPACE; the old files stay, the next run has room again",
    async () => {
      using temp = tempDir();
      fs.mkdirSync(`${temp.path}/to`);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", `${temp.path}/to`]);
      try {
        fs.mkdirSync(`${temp.path}/from`);
        fs.writeFileSync(`${temp.path}/to/a`, "old");
        for (const name of ["a", "b", "c"])
          fs.writeFileSync(`${temp.path}/from/${name}`, noise(600_000, 1 + name.charCodeAt(0)));
        const run = async (): Promise<unknown> =>
          syncTrees(await openTreeSource(`${temp.path}/from/`), await openTreeTarget(`${temp.path}/to`));
        await expect(run()).rejects.toMatchObject({ code: "NO_SPACE" });
        const there = fs.readdirSync(`${temp.path}/to`).filter((name) => !name.startsWith("."));
        expect(there.length).toBeLessThan(3);
        fs.rmSync(`${temp.path}/from/b`);
        fs.rmSync(`${temp.path}/from/c`);
        fs.rmSync(`${temp.path}/to/b`, { force: true });
        await run();
        expect(fs.readFileSync(`${temp.path}/to/a`)).toEqual(fs.readFileSync(`${temp.path}/from/a`));
        expect(fs.readdirSync(`${temp.path}/to`)).toEqual(["a"]);
      } finally {
        execFileSync("umount", [`${temp.path}/to`]);
      }
    },
  );

  unless(obstacle).test("another file system below the root is no hindrance", async () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/to/mounted`, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", `${temp.path}/to/mounted`]);
    try {
      fs.mkdirSync(`${temp.path}/from/mounted`, { recursive: true });
      fs.writeFileSync(`${temp.path}/from/mounted/file`, noise(100_000, 1));
      fs.symlinkSync("file", `${temp.path}/from/mounted/link`);
      const source = await openTreeSource(`${temp.path}/from/`);
      const { troubles } = await syncTrees(source, await openTreeTarget(`${temp.path}/to`));
      expect(troubles).toEqual([]);
      expect(describeTree(`${temp.path}/to`)).toEqual(describeTree(`${temp.path}/from`));
    } finally {
      execFileSync("umount", [`${temp.path}/to/mounted`]);
    }
  });
});
