import { expect, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import type { Chunk } from "../../../src/chunk/chunk.ts";
import { cutChunks } from "../../../src/chunk/cut-chunks.ts";
import { fastcdcSpec, fixedSpec } from "../../../src/chunk/cutter-specs.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import { lentBlocks, xorshiftBytes } from "../../vectors/input.ts";
import { naiveCut } from "./naive-cutters.ts";

const spec = fastcdcSpec();

async function collect(chunks: AsyncIterable<Chunk>): Promise<Chunk[]> {
  const all: Chunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

async function* blocksOf(bytes: Uint8Array, blockBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += blockBytes) yield bytes.subarray(at, at + blockBytes);
}

test.each([1000, 65536, 1_112_064, 5_000_000])(
  "blocks of %d bytes give the chunks of the whole",
  async (blockBytes) => {
    const bytes = xorshiftBytes(2, 3_000_000);
    const chunks = await collect(cutChunks(blocksOf(bytes, blockBytes), spec));
    let end = 0;
    expect(chunks.map((chunk) => (end += chunk.bytes.length))).toEqual(naiveCut(bytes, spec));
    expect(sha256(concatBytes(chunks.map((chunk) => chunk.bytes)))).toEqual(sha256(bytes));
    for (const chunk of chunks) expect(chunk.id).toEqual(sha256(chunk.bytes));
  },
);

test("an empty stream has no chunks", async () => {
  expect(await collect(cutChunks(blocksOf(new Uint8Array(), 1), spec))).toEqual([]);
});

test("a chunk holds on to no more memory than its own", async () => {
  for await (const chunk of cutChunks(blocksOf(new Uint8Array(100_000), 4096), fixedSpec(100))) {
    expect(chunk.bytes.buffer.byteLength).toBe(chunk.bytes.length);
  }
});

test("lent chunks are those of the whole, from blocks that are lent", async () => {
  const bytes = xorshiftBytes(2, 3_000_000);
  const buffers = new Set<ArrayBufferLike>();
  const ends: number[] = [];
  for await (const { id, bytes: lent } of cutChunks(lentBlocks(bytes), spec, { lends: true })) {
    expect(id).toEqual(sha256(lent));
    buffers.add(lent.buffer);
    ends.push((ends.at(-1) ?? 0) + lent.length);
  }
  expect(ends).toEqual(naiveCut(bytes, spec));
  expect(buffers.size).toBe(1);
});

test("a wait for the source ends with the signal's reason", async () => {
  const control = new AbortController();
  async function* stuck(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10);
    setImmediate(() => control.abort("enough"));
    await new Promise(() => {});
  }
  await expect(cutChunks(stuck(), spec, { signal: control.signal }).next()).rejects.toBe("enough");
});

test("whoever leaves early closes the source", async () => {
  let closed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(100_000);
    } finally {
      closed = true;
    }
  }
  for await (const chunk of cutChunks(endless(), spec)) {
    expect(chunk.bytes.length).toBe(spec.maxBytes);
    break;
  }
  expect(closed).toBe(true);
});
