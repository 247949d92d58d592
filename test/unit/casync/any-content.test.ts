import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { blobReader } from "../../../src/casync/blob-reader.ts";
import { openChunkTable } from "../../../src/casync/chunk-table.ts";
import { copyOnRead } from "../../../src/casync/copy-on-read.node.ts";
import { DecodedChunks } from "../../../src/casync/decoded-chunks.ts";
import { fileContent, indexFileTable } from "../../../src/casync/file-content.node.ts";
import type { IndexChunk } from "../../../src/casync/index-header.ts";
import { readIndex } from "../../../src/casync/index-reader.ts";
import { writeIndex } from "../../../src/casync/index-writer.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { getPlaced } from "../../../src/casync/read-blob.ts";
import { blobFeatures } from "../../../src/casync/features.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { inBlocks } from "./vectors.ts";

const sizes = { minBytes: 64, averageBytes: 256, maxBytes: 1024 };
const twice = xorshiftBytes(4, 15_000);
const blob = concatBytes([xorshiftBytes(3, 90_000), twice, new Uint8Array(20_000), twice]);

async function made() {
  const store = memoryStore();
  const parts: Uint8Array[] = [];
  for await (const part of makeIndex(inBlocks(blob), { sizes, store, digest: sha512_256Digest }))
    parts.push(part);
  return { store, index: concatBytes(parts) };
}

function fresh(): string {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-content-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("any part of a blob is what it is, by an index in memory and by one in a file", async () => {
  const { store, index } = await made();
  const path = join(fresh(), "a.caibx");
  writeFileSync(path, index);
  const inFile = await indexFileTable(path);
  onTestFinished(() => inFile.close());
  for (const table of [await openChunkTable(await readIndex(inBlocks(index))), inFile.table]) {
    expect(table.sizeBytes).toBe(blob.length);
    const content = blobReader(table, async (chunk) => (await getPlaced(store, chunk)).bytes);
    for (let i = 0; i < 200; i++) {
      const [offset, size] = [(i * 7919) % (blob.length + 10), (i * i) % 3000];
      const read = concatBytes(await content.read(offset, size));
      expect(Buffer.compare(read, blob.subarray(offset, offset + size))).toBe(0);
    }
  }
});

test("an index of many pages finds each chunk, and tells when it was changed meanwhile", async () => {
  const count = 9_000;
  const chunks = (async function* () {
    for (let i = 0; i < count; i++)
      yield { id: Uint8Array.from({ length: 32 }, (_, k) => (i >> k) & 255), size: 1 + (i % 3) };
  })();
  const parts: Uint8Array[] = [];
  const header = { features: blobFeatures, sizes: { minBytes: 1, averageBytes: 2, maxBytes: 3 } };
  for await (const part of writeIndex(header, chunks)) parts.push(part);
  const path = join(fresh(), "a.caibx");
  writeFileSync(path, concatBytes(parts));
  const { table, close } = await indexFileTable(path);
  onTestFinished(close);
  expect(table.count).toBe(count);
  for (const number of [0, 1, 4095, 4096, 8191, 8192, count - 1]) {
    const { offset, size } = table.at(number);
    expect([size, table.find(offset), table.find(offset + size - 1)]).toEqual([
      1 + (number % 3),
      number,
      number,
    ]);
  }
  const { table: other, close: closeOther } = await indexFileTable(path);
  onTestFinished(closeOther);
  writeFileSync(path, new Uint8Array(statSync(path).size));
  expect(() => other.at(5)).toThrow(/changed/);
});

const chunkOf = (byte: number, size = 10): IndexChunk => ({
  id: new Uint8Array(32).fill(byte),
  offset: 0,
  size,
});

test("decoded chunks are fetched once, kept as long as there is room, and asked for again on failure", async () => {
  const asked: number[] = [];
  let fails = true;
  const chunks = new DecodedChunks(async ({ id, size }) => {
    asked.push(id[0]!);
    if (id[0] === 9 && fails) throw new Error("not now");
    return new Uint8Array(size);
  }, 25);
  await Promise.all([chunks.get(chunkOf(1)), chunks.get(chunkOf(1)), chunks.get(chunkOf(2))]);
  await chunks.get(chunkOf(1));
  await chunks.get(chunkOf(3)); // 2 was idle longest
  await chunks.get(chunkOf(1));
  await chunks.get(chunkOf(2));
  expect(asked).toEqual([1, 2, 3, 2]);
  await expect(chunks.get(chunkOf(9))).rejects.toThrow("not now");
  fails = false;
  await chunks.get(chunkOf(9));
  expect(asked.slice(4)).toEqual([9, 9]);
  expect((await chunks.get(chunkOf(7, 1000))).length).toBe(1000);
});

test("what was read is in the copy, and is read there the next time", async () => {
  const { store, index } = await made();
  const folder = fresh();
  const [copyPath, state] = [join(folder, "copy"), join(folder, "state")];
  const table = await openChunkTable(await readIndex(inBlocks(index)));
  let fetchCount = 0;
  const open = (more: object = {}) => {
    const copy = copyOnRead(
      copyPath,
      table,
      sha512_256Digest,
      async (chunk) => {
        fetchCount++;
        return (await getPlaced(store, chunk)).bytes;
      },
      { state, ...more },
    );
    return { copy, content: blobReader(table, copy.fetch, { onRead: copy.keep }) };
  };
  const readAll = async (content: ReturnType<typeof blobReader>) =>
    Buffer.compare(concatBytes(await content.read(0, blob.length)), blob);

  const first = open();
  await first.content.read(0, 5_000);
  const someCount = fetchCount;
  first.copy.saveState();
  first.copy.close();
  expect(statSync(state).size).toBe(Math.ceil(table.count / 8));

  const second = open();
  await second.content.read(0, 5_000);
  expect(fetchCount).toBe(someCount);
  expect(await readAll(second.content)).toBe(0);
  second.copy.saveState();
  second.copy.close();
  expect(Buffer.compare(readFileSync(copyPath), blob)).toBe(0);

  // Damage, and a state that says more than is true, are found.
  const bytes = readFileSync(copyPath);
  bytes[50_000]! ^= 1;
  writeFileSync(copyPath, bytes);
  fetchCount = 0;
  const third = open();
  expect([await readAll(third.content), fetchCount]).toEqual([0, 1]);
  third.copy.close();
  expect(Buffer.compare(readFileSync(copyPath), blob)).toBe(0);
  rmSync(copyPath);
  const fourth = open({ initialState: state });
  fetchCount = 0;
  await fourth.copy.fill();
  fourth.copy.close();
  expect([Buffer.compare(readFileSync(copyPath), blob), fetchCount]).toEqual([0, table.count]);
});

test("a file is content; behind its end there is nothing", async () => {
  const path = join(fresh(), "file");
  writeFileSync(path, "content");
  const content = fileContent(path);
  onTestFinished(() => content.close());
  expect(Buffer.concat(await content.read(3, 100)).toString()).toBe("tent");
  expect(await content.read(7, 1)).toEqual([]);
});
