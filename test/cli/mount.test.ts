import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { archiveTree } from "../../src/casync/archive-tree.node.ts";
import { castrStore } from "../../src/casync/castr.node.ts";
import { casyncTreeFeatures } from "../../src/casync/features.ts";
import { makeIndex } from "../../src/casync/make-index.ts";
import { readFileBlocks } from "../../src/cli/exchange/file-blocks.ts";
import { builtCli } from "../built.ts";
import { noFuse, unless } from "../obstacles.ts";
import { xorshiftBytes } from "../vectors/input.ts";
import { freshFolder, outcomeOf, rsyncStream } from "./run.ts";

const desyncFront = join(dirname(builtCli()), "desync.mjs");

const { test: fuseTest } = unless(noFuse());

const isMounted = (dir: string): boolean =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[4] === dir);

/** Starts a program and waits until a directory is mounted, or it ends. */
async function mounting(dir: string, program: string, args: readonly string[], cwd: string) {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const outcome = outcomeOf(child);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await outcome;
    if (isMounted(dir)) spawnSync("umount", ["-l", dir]);
  });
  let hasEnded = false;
  void outcome.then(() => (hasEnded = true));
  await vi.waitFor(() => expect(hasEnded || isMounted(dir)).toBe(true), { timeout: 120_000, interval: 20 });
  return { child, outcome };
}

async function world() {
  const folder = freshFolder();
  const dir = join(folder, "m");
  mkdirSync(dir);
  mkdirSync(join(folder, "tree/sub"), { recursive: true });
  writeFileSync(join(folder, "blob"), xorshiftBytes(5, 700_000));
  cpSync(join(folder, "blob"), join(folder, "tree/sub/blob"));
  symlinkSync("sub", join(folder, "tree/link"));
  const at = (name: string): string => join(folder, name);
  await using store = castrStore(at("s.castr"), { create: true });
  const [blob, tree] = [readFileBlocks(at("blob")), archiveTree(at("tree"))];
  await writeFile(at("a.caibx"), makeIndex(blob, { store }));
  await writeFile(at("t.caidx"), makeIndex(tree, { store, features: casyncTreeFeatures }));
  return { folder, dir, at };
}

fuseTest("a blob is one file, a tree a tree; unmounting and interrupting end it", async () => {
  const { folder, dir, at } = await world();
  const blob = await mounting(dir, builtCli(), ["index", "mount", "a.caibx", dir, "-s", "s.castr"], folder);
  expect(readdirSync(dir)).toEqual(["a"]);
  expect(readFileSync(join(dir, "a")).equals(readFileSync(at("blob")))).toBe(true);
  expect(statSync(join(dir, "a")).mode).toBe(0o100_444);
  expect(() => writeFileSync(join(dir, "a"), "x")).toThrow(/EROFS/);
  expect(spawnSync("umount", [dir]).status).toBe(0);
  expect(await blob.outcome).toMatchObject({ code: 0, stderr: expect.stringContaining("mounted on") });

  const tree = await mounting(dir, builtCli(), ["index", "mount", "t.caidx", dir, "-s", "s.castr"], folder);
  expect(spawnSync("diff", ["-r", dir, at("tree")]).status).toBe(0);
  expect(spawnSync("stat", ["-c", "%A %Y", join(dir, "link"), join(dir, "sub")]).stdout).toEqual(
    spawnSync("stat", ["-c", "%A %Y", at("tree/link"), at("tree/sub")]).stdout,
  );
  // Somebody is in it: it is taken away nevertheless.
  const user = spawn("sleep", ["600"], { cwd: join(dir, "sub") });
  onTestFinished(() => void user.kill("SIGKILL"));
  await once(user, "spawn");
  tree.child.kill("SIGTERM");
  // It ends by itself: what still asks is not waited for.
  expect((await tree.outcome).code).toBe(0);
  expect(isMounted(dir)).toBe(false);
});

fuseTest("one read is of more chunks than the system writes parts at a time", async () => {
  const folder = freshFolder();
  const at = (name: string): string => join(folder, name);
  mkdirSync(at("m"));
  writeFileSync(at("blob"), Buffer.concat(Array<Uint8Array>(10).fill(xorshiftBytes(6, 20_000))));
  await using store = castrStore(at("s.castr"), { create: true });
  const sizes = { minBytes: 16, averageBytes: 64, maxBytes: 256 };
  await writeFile(at("a.caibx"), makeIndex(readFileBlocks(at("blob")), { store, sizes }));
  const line = ["index", "mount", "a.caibx", at("m"), "-s", "s.castr"];
  const { child, outcome } = await mounting(at("m"), builtCli(), line, folder);
  const read = spawnSync("cat", [at("m/a")], { timeout: 120_000 });
  expect(read.stdout.equals(readFileSync(at("blob")))).toBe(true);
  child.kill("SIGINT");
  expect(await outcome).toMatchObject({ code: 0, stderr: expect.not.stringContaining("EINVAL") });
});

fuseTest("a chunk that is missing is told once with its store, and is an error to who reads", async () => {
  const { folder, dir, at } = await world();
  rmSync(at("s.castr"), { recursive: true });
  mkdirSync(at("s.castr"));
  const { child, outcome } = await mounting(
    dir,
    builtCli(),
    ["index", "mount", "a.caibx", dir, "-s", "s.castr"],
    folder,
  );
  for (let i = 0; i < 2; i++) expect(() => readFileSync(join(dir, "a"))).toThrow(/EIO/);
  child.kill("SIGINT");
  const { stderr } = await outcome;
  const lines = stderr.split("\n").filter((line) => line.includes("NOT_FOUND"));
  expect(new Set(lines).size).toBe(lines.length);
  expect(lines[0]).toMatch(/s\.castr.*chunk [0-9a-f]{64}/);
});

fuseTest("desync's command line, with a file of stores that is read again, and a copy", async () => {
  const { folder, dir, at } = await world();
  mkdirSync(at("none.castr"));
  writeFileSync(at("stores.json"), JSON.stringify({ stores: ["none.castr"] }));
  const line = `mount-index --store-file stores.json --cor-file copy --cor-state-save state a.caibx ${dir}`;
  const { child, outcome } = await mounting(dir, desyncFront, line.split(" "), folder);
  expect(() => readFileSync(join(dir, "a"))).toThrow(/EIO/);
  writeFileSync(at("stores.json"), "no JSON");
  child.kill("SIGHUP");
  await vi.waitFor(() => expect(statSync(at("state")).size).toBeGreaterThan(0), { timeout: 120_000 });
  writeFileSync(at("stores.json"), JSON.stringify({ stores: ["s.castr"] }));
  child.kill("SIGHUP");
  const readAll = () => readFileSync(join(dir, "a"));
  await vi.waitFor(() => expect(readAll().equals(readFileSync(at("blob")))).toBe(true), { timeout: 120_000 });
  child.kill("SIGTERM");
  expect(await outcome).toMatchObject({ code: 0, stderr: expect.stringContaining("file of stores") });
  expect(readFileSync(at("copy")).equals(readFileSync(at("blob")))).toBe(true);
  const whole = readFileSync(at("state"));
  expect(whole.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0)).toBeGreaterThan(
    5,
  );
});

test("what cannot be mounted is told", async () => {
  const folder = freshFolder();
  const { code, stderr } = await rsyncStream([
    "index",
    "mount",
    join(folder, "none.caibx"),
    folder,
    "-s",
    folder,
  ]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("none.caibx")]);
});
