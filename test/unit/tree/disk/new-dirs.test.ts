import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { chunkOf } from "../../../../src/chunk/verify.ts";
import { fastcdcSpec } from "../../../../src/chunk/cutter-specs.ts";
import { SyncError } from "../../../../src/errors.ts";
import type { NativePath } from "../../../../src/tree/disk/calls/byte-string.node.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { Entry } from "../../../../src/tree/entry/entry.ts";
import type { Placement, TreeTarget } from "../../../../src/tree/target.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

const encoder = new TextEncoder();

function dir(depth: number, name: string): Entry {
  return {
    depth,
    name: encoder.encode(name),
    kind: "dir",
    mode: 0o755,
    size: 0,
    mtimeSec: 1_000_000_000,
    mtimeNsec: 0,
  };
}

function file(depth: number, name: string, size = 3): Entry {
  return { ...dir(depth, name), kind: "file", mode: 0o644, size };
}

/** All of a file. */
function content(entry: number, text: string): Placement {
  return { entry, offset: 0, chunk: chunkOf(encoder.encode(text)) };
}

interface Opened {
  readonly target: TreeTarget;
  readonly troubles: SyncError[];
}

async function open(to: string, options: TreeTargetOptions = {}): Promise<Opened> {
  const troubles: SyncError[] = [];
  const target = await openTreeTarget(to, options);
  const onTrouble = (_: number, error: SyncError): void => void troubles.push(error);
  await target.open({ cutter: fastcdcSpec(), layout: "contents", search: false, onTrouble });
  return { target, troubles };
}

/** The root, `d` and its files, of three bytes each. */
function entriesOf(...names: readonly string[]): Entry[] {
  return [dir(0, "."), dir(1, "d"), ...names.map((name) => file(2, name))];
}

/** What stands at the destination, by path. */
function namesIn(to: string): string[] {
  const names = fs.readdirSync(to, { recursive: true, encoding: "utf8" });
  return names.filter((name) => !name.startsWith(".rsync-stream")).sort();
}

describe("a new directory", () => {
  test("gets its name when all files are there that were planned in it", async () => {
    using temp = tempDir();
    const { target, troubles } = await open(temp.path);
    await target.plan(entriesOf("a", "b"), 0);
    await target.write([content(2, "one"), content(3, "two")]);
    await target.finish([{ entry: 2, size: 3 }]);
    expect(namesIn(temp.path)).toEqual([]);
    await target.finish([{ entry: 3, size: 3 }]);
    expect(namesIn(temp.path)).toEqual(["d", "d/a", "d/b"]);
    // One that is planned later comes beside them, complete.
    await target.plan([file(2, "c")], 4);
    await target.write([content(4, "six")]);
    expect(namesIn(temp.path)).toEqual(["d", "d/a", "d/b"]);
    await target.finish([{ entry: 4, size: 3 }]);
    await target.commit(true);
    expect(namesIn(temp.path)).toEqual(["d", "d/a", "d/b", "d/c"]);
    await target.close();
    expect(troubles).toEqual([]);
    expect(fs.readdirSync(temp.path)).toEqual(["d"]);
  });

  test("keeps what was made in it, in whatever order the directories are complete", async () => {
    for (const first of [2, 4]) {
      using temp = tempDir();
      const { target, troubles } = await open(temp.path);
      await target.plan([...entriesOf("a"), dir(2, "e"), file(3, "b"), file(2, "f")], 0);
      const rest = [2, 4, 5].filter((entry) => entry !== first);
      for (const entry of [first, ...rest]) {
        await target.write([content(entry, `n.${entry}`)]);
        await target.finish([{ entry, size: 3 }]);
      }
      await target.commit(true);
      await target.close();
      expect(troubles).toEqual([]);
      expect(namesIn(temp.path)).toEqual(["d", "d/a", "d/e", "d/e/b", "d/f"]);
      expect(fs.readFileSync(`${temp.path}/d/e/b`, "utf8")).toBe("n.4");
      expect(fs.statSync(`${temp.path}/d/e`).mtimeMs).toBe(1e12);
      expect(fs.readdirSync(temp.path)).toEqual(["d"]);
    }
  });

  test("shows nothing that is not complete when a session breaks off", async () => {
    using temp = tempDir();
    const { target } = await open(temp.path);
    await target.plan(entriesOf("a", "b", "c"), 0);
    await target.write([content(2, "one"), content(3, "two")]);
    await target.finish([{ entry: 2, size: 3 }]);
    await target.close();
    expect(namesIn(temp.path)).toEqual(["d", "d/a"]);
  });

  test("is without a file that was given up after its content had come", async () => {
    using temp = tempDir();
    const { target, troubles } = await open(temp.path);
    await target.plan(entriesOf("a", "b"), 0);
    await target.write([content(2, "one"), content(3, "two")]);
    await target.abandon(2, new SyncError("CHANGED", "it changed at the sender"));
    await target.finish([{ entry: 3, size: 3 }]);
    expect(namesIn(temp.path)).toEqual(["d", "d/b"]);
    await target.commit(true);
    await target.close();
    expect(troubles.map(({ code, detail }) => [code, detail?.path])).toEqual([["CHANGED", "d/a"]]);
    expect(namesIn(temp.path)).toEqual(["d", "d/b"]);
    expect(fs.readdirSync(temp.path)).toEqual(["d"]);
  });

  test("is without a file that was given up and cannot be moved, as on a full disk", async () => {
    const really = HeldDirs.prototype.rename;
    const full = vi.spyOn(HeldDirs.prototype, "rename").mockImplementation(function (
      this: HeldDirs,
      ...names
    ) {
      if (names[1] === "a")
        throw Object.assign(new Error("ENOSPC: rename"), { code: "ENOSPC", errno: -28, syscall: "rename" });
      really.apply(this, names);
    });
    onTestFinished(() => full.mockRestore());
    for (const abandons of [true, false]) {
      using temp = tempDir();
      const { target } = await open(temp.path);
      await target.plan(entriesOf("a", "b"), 0);
      await target.write([content(2, "one"), content(3, "two")]);
      if (abandons) await target.abandon(2, new SyncError("CHANGED", "it changed at the sender"));
      await target.finish([{ entry: 3, size: 3 }]);
      await target.close();
      expect(namesIn(temp.path)).toEqual(["d", "d/b"]);
      expect(fs.readdirSync(temp.path)).toEqual(["d"]);
    }
  });

  test("does not take the place of what somebody made there meanwhile", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(`${from}/d`, { recursive: true });
    fs.writeFileSync(`${from}/d/a`, "one");
    fs.mkdirSync(to);
    const { target, troubles } = await open(to);
    await target.plan(entriesOf("a"), 0);
    fs.mkdirSync(`${to}/d`);
    fs.writeFileSync(`${to}/d/theirs`, "theirs");
    await target.write([content(2, "one")]);
    await target.finish([{ entry: 2, size: 3 }]);
    await target.commit(true);
    await target.close();
    expect(troubles.map(({ detail }) => detail?.path)).toContain("d");
    expect(namesIn(to)).toEqual(["d", "d/theirs"]);
    // The next session finds all in order.
    await syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to));
    expect(namesIn(to)).toEqual(["d", "d/a", "d/theirs"]);
    expect(fs.readFileSync(`${to}/d/theirs`, "utf8")).toBe("theirs");
    expect(fs.readdirSync(to)).toEqual(["d"]);
  });

  test("stays where it is when somebody made something in it", async () => {
    using temp = tempDir();
    const { target, troubles } = await open(temp.path);
    await target.plan(entriesOf(), 0);
    fs.writeFileSync(`${temp.path}/d/theirs`, "theirs");
    await target.plan([file(2, "a")], 2);
    await target.write([content(2, "one")]);
    // Nothing is lost should the session be killed now: what it left is removed by the next one.
    expect(namesIn(temp.path)).toEqual(["d", "d/theirs"]);
    await target.finish([{ entry: 2, size: 3 }]);
    await target.commit(true);
    await target.close();
    expect(troubles).toEqual([]);
    expect(namesIn(temp.path)).toEqual(["d", "d/a", "d/theirs"]);
  });

  test.each(["group", "ACL"])("is as if it had been made in its place: %s", async (what) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(`${from}/p/d`, { recursive: true });
    fs.writeFileSync(`${from}/p/d/a`, "one");
    fs.chmodSync(`${from}/p/d/a`, 0o644);
    fs.writeFileSync(`${from}/p/d/long`, noise(3_000_000, 7)); // comes in parts
    fs.mkdirSync(`${to}/p`, { recursive: true });
    if (what === "group" && process.getuid?.() === 0) fs.chownSync(`${to}/p`, 0, 54_321);
    if (what === "group") fs.chmodSync(`${to}/p`, 0o2775);
    else if (!setDefaultAcl(`${to}/p`)) return void console.log("setfacl is not installed, or sets nothing");
    fs.mkdirSync(`${to}/p/made`);
    await syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to));
    const [made, came] = [fs.statSync(`${to}/p/made`), fs.statSync(`${to}/p/d`)];
    expect([came.gid, came.mode & 0o2000]).toEqual([made.gid, made.mode & 0o2000]);
    const [file, long] = [fs.statSync(`${to}/p/d/a`), fs.statSync(`${to}/p/d/long`)];
    expect([file.gid, file.mode & 0o7777]).toEqual([long.gid, 0o644]);
    if (what === "ACL") expect(aclOf(`${to}/p/d`)).toContain("default:user:54321:r-x");
  });

  const refuse = (): never => {
    throw Object.assign(new Error("EMFILE: rename"), { code: "EMFILE", errno: -24, syscall: "rename" });
  };
  const lose = (place: NativePath): void => {
    for (const name of fs.readdirSync(place)) fs.rmSync(`${String(place)}/${name}`, { recursive: true });
  };
  test.each([
    ["moves no directory but an empty one", refuse],
    ["loses what is in a directory that is moved", lose],
  ])("stays where it is on a file system that %s", async (_, move) => {
    const really = HeldDirs.prototype.rename;
    const moving = vi.spyOn(HeldDirs.prototype, "rename").mockImplementation(function (
      this: HeldDirs,
      ...names
    ) {
      const place = this.at(names[0], names[1]);
      if (fs.lstatSync(place).isDirectory() && fs.readdirSync(place).length > 0) move(place);
      really.apply(this, names);
    });
    onTestFinished(() => moving.mockRestore());
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(`${from}/d/e`, { recursive: true });
    for (const name of ["d/a", "d/e/b"]) fs.writeFileSync(`${from}/${name}`, "one");
    const { troubles } = await syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to));
    expect(troubles).toEqual([]);
    expect(describeTree(to)).toEqual(describeTree(from));
    expect(fs.readdirSync(to)).toEqual(["d"]);
  });

  test.each<[string, TreeTargetOptions]>([
    ["others receive parts of the same tree", { part: "1/2" }],
    ["content waits in another directory", { tempDir: "." }],
    ["the disk is waited for", { durability: "files" }],
  ])("stays where it is while %s", async (_, options) => {
    using temp = tempDir();
    const { target } = await open(temp.path, options);
    await target.plan(entriesOf("a"), 0);
    expect(namesIn(temp.path)).toEqual(["d"]);
    await target.close();
  });

  test("has the content of trees of many shapes", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    for (let i = 0; i < 40; i++) {
      const parts = Array.from({ length: 1 + (i % 4) }, (_, depth) => `d${(i * (depth + 3)) % 5}`);
      fs.mkdirSync(`${from}/${parts.join("/")}`, { recursive: true });
      fs.writeFileSync(`${from}/${parts.join("/")}/f${i}`, "x".repeat(i * 997));
    }
    const { troubles } = await syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to));
    expect(troubles).toEqual([]);
    expect(describeTree(to)).toEqual(describeTree(from));
  });
});

/** Returns false where that cannot be done. */
function setDefaultAcl(place: string): boolean {
  try {
    execFileSync("setfacl", ["-d", "-m", "u:54321:rx,g::-,o::-", place], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function aclOf(place: string): string {
  return execFileSync("getfacl", ["-n", "-p", place], { encoding: "utf8" });
}
