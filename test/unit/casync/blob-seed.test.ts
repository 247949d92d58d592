import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type BlobSeed, openSeed, openUncutSeed } from "../../../src/casync/blob-seed.node.ts";
import { extractBlob, type ExtractTotals } from "../../../src/casync/extract-blob.node.ts";
import { eachChunk, type IndexReading, readIndex } from "../../../src/casync/index-reader.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { missing, unless } from "../../obstacles.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";
import { collect, inBlocks } from "./vectors.ts";

const sizes = { minBytes: 1024, averageBytes: 4096, maxBytes: 16_384 };
const [head, middle, end] = [1, 2, 3].map((seed) => xorshiftBytes(seed, 400_000)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

let path: string;
const store = memoryStore();

beforeEach(() => {
  const temp = tempDir();
  onTestFinished(() => temp[Symbol.dispose]());
  path = temp.path;
});

async function indexOf(...parts: readonly Uint8Array[]): Promise<IndexReading> {
  return readIndex(makeIndex(inBlocks(Buffer.concat(parts)), { store, sizes }));
}

async function seedOf(name: string, ...parts: readonly Uint8Array[]): Promise<BlobSeed> {
  fs.writeFileSync(`${path}/${name}`, Buffer.concat(parts));
  const seed = await openUncutSeed(`${path}/${name}`, { features: (await indexOf()).features, sizes });
  onTestFinished(() => seed.close());
  return seed;
}

/** Extracts a blob, and says what came from where. */
async function extract(parts: readonly Uint8Array[], seeds: readonly BlobSeed[]): Promise<ExtractTotals> {
  const fd = fs.openSync(`${path}/out`, "w+");
  try {
    const totals = await extractBlob(await indexOf(...parts), store, fd, "out", { seeds });
    expect(fs.readFileSync(`${path}/out`).equals(Buffer.concat(parts))).toBe(true);
    return totals;
  } finally {
    fs.closeSync(fd);
  }
}

test("a file without an index gives what it has, wherever that is, and the store the rest", async () => {
  const seed = await seedOf("old", end, head, middle);
  const { chunkCount, seedCount, storeCount } = await extract([head, end, middle], [seed]);
  expect(seedCount + storeCount).toBe(chunkCount);
  expect(storeCount).toBeLessThan(10); // where one part begins behind another
});

test("what one file does not have is looked for in the next", async () => {
  const seeds = [await seedOf("first", head), await seedOf("second", end, middle)];
  expect((await extract([head, middle, end], seeds)).storeCount).toBeLessThan(10);
});

test("a file is cut no further than to the chunk that is asked for", async () => {
  const seed = await seedOf("old", head, middle, xorshiftBytes(4, 3_000_000), end);
  const chunks = await collect(eachChunk(await indexOf(head)));
  expect(await seed.find(chunks[0]!.id, chunks[0]!.size)).toMatchObject({ offset: 0 });
  fs.truncateSync(`${path}/old`, 2_000_000);
  const [, last] = (await collect(eachChunk(await indexOf(middle, end)))).slice(-2);
  expect(await seed.find(last!.id, last!.size)).toBeUndefined();
});

test("what a long file does not have comes from the store while that is still being cut", async () => {
  const seed = await seedOf("old", head, middle);
  fs.truncateSync(`${path}/old`, 2 ** 36); // cut at a gigabyte a second it takes a minute
  const { seedCount, storeCount } = await extract([head, end, middle], [seed]);
  expect([seedCount > 150, storeCount > 70]).toEqual([true, true]);
  await seed.close();
});

test("what was changed after it was cut is not taken", async () => {
  const seed = await seedOf("old", head, middle);
  const chunks = await collect(eachChunk(await indexOf(head, middle)));
  const ask = async () =>
    (await Promise.all(chunks.map(async ({ id, size }) => seed.find(id, size)))).filter(Boolean).length;
  expect(await ask()).toBe(chunks.length);
  fs.writeFileSync(`${path}/old`, middle);
  expect(await ask()).toBeLessThan(10);
});

test("a chunk of another length than the index says has to come from the store", async () => {
  const seed = await seedOf("old", head);
  const chunks = await collect(eachChunk(await indexOf(head)));
  const [first] = chunks;
  async function* lying() {
    yield [{ ...first!, size: first!.size - 1 }];
  }
  for (const when of ["while it is cut", "afterwards"]) {
    const index = { ...(await indexOf(head)), chunks: lying() };
    const fd = fs.openSync(`${path}/out`, "w+");
    const extracted = extractBlob(index, store, fd, "out", { seeds: [seed] });
    await expect(extracted, when).rejects.toMatchObject({ code: "CORRUPT" });
    fs.closeSync(fd);
  }
});

test("an index or a file gives what was noted of it, and who waits is told when it is closed", async () => {
  const header = {
    features: (await indexOf()).features,
    sizes: { minBytes: 50, averageBytes: 50, maxBytes: 50 },
  };
  fs.writeFileSync(`${path}/old`, head);
  const options = { store, sizes: header.sizes };
  const index = await readIndex(makeIndex(inBlocks(head), options));
  const chunks = await collect(eachChunk(index));
  const few = await openUncutSeed(`${path}/old`, header, { chunkCount: 20 });
  const found = await Promise.all(chunks.map(async ({ id, size }) => few.find(id, size)));
  expect(found.filter(Boolean).length).toBe(20);
  await few.close();
  const waiting = await openUncutSeed(`${path}/old`, header);
  const asked = waiting.find(chunks.at(-1)!.id, 50);
  await waiting.close();
  expect(await asked).toBeUndefined();
  const indexed = await openSeed(`${path}/old`, await readIndex(makeIndex(inBlocks(head), options)));
  expect(indexed.find(chunks[70]!.id, 50)).toMatchObject({ offset: 3500 });
  fs.writeFileSync(`${path}/old`, end);
  expect(indexed.find(chunks[70]!.id, 50)).toBeUndefined();
  await indexed.close();
});

test("the signal ends the cutting of a long file, and a file that is not there is told", async () => {
  const { features } = await indexOf();
  const stop = new AbortController();
  fs.writeFileSync(`${path}/long`, head);
  fs.truncateSync(`${path}/long`, 2 ** 36);
  const seed = await openUncutSeed(
    `${path}/long`,
    { features, sizes: { ...sizes, maxBytes: 16_777_216 } },
    { signal: stop.signal },
  );
  const asked = seed.find(new Uint8Array(32), 100);
  setImmediate(() => stop.abort(new Error("enough")));
  await expect(asked).rejects.toThrow("enough");
  await seed.close();
  const gone = openUncutSeed(`${path}/none`, { features, sizes });
  await expect(gone).rejects.toMatchObject({ code: "NOT_FOUND" });
});

unless(missing("mkfifo")).test(
  "a directory and a pipe are no seeds, and nobody waits for either",
  async () => {
    execFileSync("mkfifo", [`${path}/pipe`]);
    const index = await indexOf(head);
    for (const [place, code] of [
      [path, "IO"],
      [`${path}/pipe`, "UNSUPPORTED"],
    ] as const) {
      await expect(openUncutSeed(place, index)).rejects.toMatchObject({ code, detail: { path: place } });
      await expect(openSeed(place, index)).rejects.toMatchObject({ code, detail: { path: place } });
    }
  },
);
