import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { dirStore } from "../../../src/store/dir.node.ts";
import { seededBytes } from "../../../src/testing/random.ts";
import { noMounting, unless } from "../../obstacles.ts";

let root: string;
let writer: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "dir-store-processes-"));
  writer = join(root, "writer.mjs");
  const entryPoints = [new URL("writer.ts", import.meta.url).pathname];
  buildSync({
    entryPoints,
    outfile: writer,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
  });
});
afterAll(() => rmSync(root, { recursive: true }));

function start(path: string, first: number, count: number, size: number): ChildProcess {
  const numbers = [first, count, size].map(String);
  return spawn(process.execPath, [writer, path, ...numbers], { stdio: ["ignore", "pipe", "inherit"] });
}

/** How many puts of the process ended with which code. */
async function outcome(child: ChildProcess): Promise<unknown> {
  let text = "";
  child.stdout!.on("data", (data: Buffer) => (text += data.toString()));
  await once(child, "close");
  return JSON.parse(text.trim().split("\n").at(-1)!);
}

/** Reads every chunk of the store; fails on damage. */
async function soundCount(path: string): Promise<number> {
  let count = 0;
  for await (const { sound } of (await dirStore(path)).verify()) {
    expect(sound).toBe(true);
    count++;
  }
  return count;
}

const namesIn = (path: string) => readdirSync(join(path, "tmp"));

describe("several processes", () => {
  it("put the same chunks into a new store at the same time", async () => {
    const path = join(root, "same");
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => outcome(start(path, 0, 300, 2000))));
    expect(outcomes).toEqual(Array.from({ length: 6 }, () => ({ OK: 300 })));
    expect(await soundCount(path)).toBe(300);
    expect(namesIn(path)).toEqual([]);
  });

  it("put chunks that overlap", async () => {
    const path = join(root, "overlapping");
    const starts = [0, 100, 200, 300].map((first) => outcome(start(path, first, 200, 2000)));
    expect(await Promise.all(starts)).toEqual(Array.from({ length: 4 }, () => ({ OK: 200 })));
    expect(await soundCount(path)).toBe(500);
    expect(namesIn(path)).toEqual([]);
  });
});

it("keeps whole chunks only when writers are killed, and is cleaned up later", async () => {
  const path = join(root, "killed");
  await dirStore(path);
  for (let round = 0; round < 8; round++) {
    const child = start(path, 10_000 * round, 600, 20_000);
    await once(child.stdout!, "data");
    // Each round lets the writer get a little further.
    for (const goal = readCount(path) + 10 * round; readCount(path) < goal;) await pause();
    child.kill("SIGKILL");
    await once(child, "close");
  }
  expect(await soundCount(path)).toBe(readCount(path));
  for (const name of namesIn(path)) utimesSync(join(path, "tmp", name), 0, 0);
  await dirStore(path);
  expect(namesIn(path)).toEqual([]);
});

it.each([
  ["plain", 1000],
  ["durable", 300],
])("needs few open files, however many %s calls are under way", (kind, count) => {
  const path = join(root, `few-files-${kind}`);
  const command = `ulimit -n 64; exec "$0" "$@"`;
  const args = ["-c", command, process.execPath, writer, path, "0", String(count), "100", kind];
  const text = execFileSync("sh", args, { encoding: "utf8" });
  expect(text).toContain(`{"OK":${count}}`);
});

unless(noMounting()).test(
  "survives a full disk: NO_SPACE, nothing half written, and room is used again",
  async () => {
    const mountPoint = join(root, "full");
    mkdirSync(mountPoint);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", mountPoint]);
    try {
      await fillDisk(join(mountPoint, "store"));
    } finally {
      execFileSync("umount", [mountPoint]);
    }
  },
);

async function fillDisk(path: string): Promise<void> {
  const store = await dirStore(path);
  const chunks = Array.from({ length: 40 }, (_, seed) => chunkOf(seededBytes(seed, 60_000)));
  const results = await Promise.allSettled(chunks.map((chunk) => store.put(chunk)));
  const stored = chunks.filter((_, index) => results[index]!.status === "fulfilled");
  const refusals = results.filter((result) => result.status === "rejected");
  expect(stored.length).toBeGreaterThan(5);
  expect(refusals.length).toBeGreaterThan(5);
  for (const { reason } of refusals) expect(reason).toMatchObject({ code: "NO_SPACE" });
  expect(await soundCount(path)).toBe(stored.length);
  expect(namesIn(path)).toEqual([]);

  await store.delete(stored[0]!.id);
  await store.put(stored[0]!);
  expect((await store.get(stored[0]!.id)).bytes).toEqual(stored[0]!.bytes);
}

function readCount(path: string): number {
  const shards = readdirSync(join(path, "chunks"));
  return shards.reduce((sum, shard) => sum + readdirSync(join(path, "chunks", shard)).length, 0);
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 1));
