import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { archiveTree } from "../../../src/casync/archive-tree.node.ts";
import { desyncTreeFeatures } from "../../../src/casync/features.ts";
import { digestOfIndex } from "../../../src/casync/index-header.ts";
import { treeSeed } from "../../../src/casync/tree-seed.node.ts";
import type { Chunk } from "../../../src/chunk/chunk.ts";
import { cutChunks } from "../../../src/chunk/cut-chunks.ts";
import { casyncSpec } from "../../../src/chunk/cutter-specs.ts";
import { isSyncError } from "../../../src/errors.ts";
import type { ChunkReader } from "../../../src/store/store.ts";
import { noMounting, unless } from "../../obstacles.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";
import { collect } from "./vectors.ts";

const header = {
  features: desyncTreeFeatures,
  sizes: { minBytes: 1024, averageBytes: 4096, maxBytes: 16_384 },
};

let root: string;

beforeEach(() => {
  const temp = tempDir();
  onTestFinished(() => temp[Symbol.dispose]());
  root = temp.path;
  fs.mkdirSync(`${root}/sub/mounted`, { recursive: true });
  for (let i = 0; i < 5; i++) fs.writeFileSync(`${root}/sub/f${i}`, xorshiftBytes(i + 1, 30_000));
});

/** The chunks of an archive of the tree. */
async function chunksOf(): Promise<Chunk[]> {
  const archive = archiveTree(root, { features: header.features, keepsNodump: true });
  return collect(cutChunks(archive, casyncSpec(header.sizes), { digest: digestOfIndex(header) }));
}

/** How many of some chunks the seed has; each that it gives is right. */
async function countIn(seed: ChunkReader, chunks: readonly Chunk[]): Promise<number> {
  let count = 0;
  for (const { id, bytes } of chunks) {
    const found = await seed.get(id).catch((thrown: unknown) => {
      if (!isSyncError(thrown, "NOT_FOUND")) throw thrown;
    });
    if (!found) continue;
    expect(Buffer.compare(found.bytes, bytes)).toBe(0);
    count += 1;
  }
  return count;
}

test("a tree has the chunks of its archive, but for what is changed or gone meanwhile", async () => {
  const chunks = await chunksOf();
  const seed = treeSeed(root, header);
  expect(await countIn(seed, chunks)).toBe(chunks.length);
  fs.writeFileSync(`${root}/sub/f1`, xorshiftBytes(99, 30_000));
  fs.truncateSync(`${root}/sub/f2`, 10);
  fs.rmSync(`${root}/sub/f3`);
  fs.symlinkSync("f0", `${root}/sub/f3`);
  const left = await countIn(seed, chunks);
  expect([left > chunks.length / 5, left < (chunks.length * 3) / 5]).toEqual([true, true]);
});

test("its reading ends in the midst of a long file", async () => {
  fs.writeFileSync(`${root}/sub/mounted/long`, "");
  fs.truncateSync(`${root}/sub/mounted/long`, 2 ** 30);
  const end = new AbortController();
  setImmediate(() => end.abort(new Error("enough"))); // once the file is being read
  const seed = treeSeed(`${root}/sub/mounted`, header, { signal: end.signal });
  await expect(seed.get(new Uint8Array(32))).rejects.toThrow("enough");
});

test("a tree is read no further than the chunk that is asked for, and once", async () => {
  fs.writeFileSync(`${root}/sub/long`, xorshiftBytes(50, 3_000_000)); // more than is cut at a time
  const write = (seed: number) => fs.writeFileSync(`${root}/sub/z`, xorshiftBytes(seed, 30_000));
  write(60);
  const first = (await chunksOf()).slice(0, 10);
  await using seed = treeSeed(root, header);
  expect(await countIn(seed, first)).toBe(first.length);
  write(61);
  const later = await chunksOf();
  expect(await countIn(seed, later)).toBe(later.length);
  write(62);
  expect(await countIn(seed, (await chunksOf()).slice(-5))).toBeLessThan(5);
});

test("who waits for chunks of a tree is told when it ends: by closing, by what cannot be read", async () => {
  const [first, last] = [(await chunksOf())[0]!, (await chunksOf()).at(-1)!];
  const closed = treeSeed(root, header);
  const answers = [closed.has(last.id), closed.has(new Uint8Array(32))];
  await closed.close();
  expect(await Promise.all(answers)).toEqual([false, false]);
  const gone = treeSeed(`${root}/none`, header);
  await expect(gone.get(first.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  const uncut = treeSeed(root, { ...header, sizes: { ...header.sizes, maxBytes: 2 ** 40 } });
  await expect(uncut.get(first.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("many ask for chunks of a tree at one time", async () => {
  const chunks = await chunksOf();
  await using seed = treeSeed(root, header);
  const found = await Promise.all([...chunks.toReversed(), ...chunks].map(async ({ id }) => seed.get(id)));
  expect(found.map(({ id }) => toHex(id))).toEqual(
    [...chunks.toReversed(), ...chunks].map(({ id }) => toHex(id)),
  );
});

unless(noMounting()).test("what is mounted in the tree is not read", async () => {
  const own = await chunksOf();
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${root}/sub/mounted`]);
  try {
    fs.writeFileSync(`${root}/sub/mounted/other`, xorshiftBytes(77, 30_000));
    const all = await chunksOf();
    const seed = treeSeed(root, header);
    expect(await countIn(seed, own)).toBeGreaterThan((own.length * 4) / 5);
    const isOwn = new Set(own.map(({ id }) => toHex(id)));
    expect(
      await countIn(
        seed,
        all.filter(({ id }) => !isOwn.has(toHex(id))),
      ),
    ).toBe(0);
  } finally {
    execFileSync("umount", [`${root}/sub/mounted`]);
  }
});
