import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { IdSet } from "../../src/bytes/id-set.ts";
import { castrStore } from "../../src/casync/castr.node.ts";
import { chunkPath } from "../../src/casync/chunk-name.ts";
import { verifyKept } from "../../src/casync/kept-chunks.ts";
import { pruneChunks } from "../../src/casync/prune-chunks.ts";
import { sha512_256Digest } from "../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import { die, failOnce, listCalls } from "./dying.ts";

const chunks = Array.from({ length: 24 }, (_, i) => chunkOf(new Uint8Array(100).fill(i), sha512_256Digest));
const isNamed = (i: number): boolean => i % 3 === 0;
const leftover = "0000/.tmp-cacnkleft";

/** A store of old chunks, a third of which an index names, and of what a killed writer left. */
async function plant() {
  const root = mkdtempSync(join(tmpdir(), "rsync-stream-prune-kills-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  await using store = castrStore(root, { create: true });
  for (const chunk of chunks) {
    await store.put(chunk);
    utimesSync(join(root, chunkPath(chunk.id, ".cacnk")), 1000, 1000);
  }
  return root;
}

async function prune(root: string) {
  const named = new IdSet();
  chunks.forEach(({ id }, i) => isNamed(i) && named.add(id));
  await using store = castrStore(root);
  return await pruneChunks(store, named, { youngestMs: Date.now() - 1000, isDry: false });
}

/** How many chunks are there; each is whole, and none that is named is missing. */
async function wholeCount(root: string): Promise<number> {
  await using store = castrStore(root);
  let count = 0;
  for await (const { trouble } of verifyKept(store)) {
    expect(trouble).toBeUndefined();
    count++;
  }
  for (const [i, { id }] of chunks.entries()) if (isNamed(i)) expect(await store.has(id)).toBe(true);
  return count;
}

test("a prune of a directory that is killed or fails at any call leaves what is named, and the next one ends well", async () => {
  // Where the list is read on and where chunks go first would hang on how long a turn takes.
  const clock = vi.spyOn(performance, "now").mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const named = chunks.filter((_, i) => isNamed(i)).length;
  const first = await plant();
  const made = await listCalls(first, () => prune(first));
  expect(made.filter(({ changes }) => changes)).toHaveLength(chunks.length - named);
  for (let point = 0; point < chunks.length - named; point++) {
    const root = await plant();
    const { status } = await die(root, point, () => prune(root));
    expect([point, status]).toEqual([point, "rejected"]);
    expect(await wholeCount(root)).toBeGreaterThanOrEqual(chunks.length - point);
    await using writer = castrStore(root);
    for (const chunk of chunks.slice(0, 5)) await writer.put(chunk); // an index is on its way
    await prune(root);
    expect(await wholeCount(root)).toBe(named + chunks.slice(0, 5).filter((_, i) => !isNamed(i)).length);
  }
  for (let point = 0; point < made.length; point += 5) {
    const root = await plant();
    const { call, result } = await failOnce(root, point, "EIO", () => prune(root));
    expect([call?.name, result.status]).toEqual([made[point]!.name, "rejected"]);
    await prune(root);
    expect(await wholeCount(root)).toBe(named);
  }
});

test("what a killed writer left goes with the chunks that nobody names", async () => {
  const root = await plant();
  mkdirSync(join(root, "0000"), { recursive: true });
  writeFileSync(join(root, leftover), "half");
  utimesSync(join(root, leftover), 1000, 1000);
  await prune(root);
  expect(readdirSync(join(root, "0000"))).toEqual([]);
});
