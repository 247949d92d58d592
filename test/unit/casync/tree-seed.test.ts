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
async function countIn(
  seed: Awaited<ReturnType<typeof treeSeed>>,
  chunks: readonly Chunk[],
): Promise<number> {
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
  const seed = await treeSeed(root, header);
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
  const reading = treeSeed(`${root}/sub/mounted`, header, { signal: end.signal });
  await expect(reading).rejects.toThrow("enough");
});

unless(noMounting()).test("what is mounted in the tree is not read", async () => {
  const own = await chunksOf();
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${root}/sub/mounted`]);
  try {
    fs.writeFileSync(`${root}/sub/mounted/other`, xorshiftBytes(77, 30_000));
    const all = await chunksOf();
    const seed = await treeSeed(root, header);
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
