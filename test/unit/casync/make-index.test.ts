import { expect, test } from "vitest";
import { concatBytes, equalBytes } from "../../../src/bytes/compare.ts";
import { toHex } from "../../../src/bytes/hex.ts";
import { eachChunk, readIndex } from "../../../src/casync/index-reader.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import type { Chunk } from "../../../src/chunk/chunk.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { verifyChunk } from "../../../src/chunk/verify.ts";
import type { ChunkWriter } from "../../../src/store/store.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { lentBlocks, xorshiftBytes } from "../../vectors/input.ts";
import { collect, inBlocks } from "./vectors.ts";

const bytes = xorshiftBytes(7, 3_000_000);

async function indexOf(store?: ChunkWriter): Promise<Uint8Array> {
  return concatBytes(await collect(makeIndex(lentBlocks(bytes), store && { store })));
}

/** A store that keeps what it is given, and knows at once that it has some chunks. */
function keeping(known: ReadonlySet<string>) {
  const kept: Chunk[] = [];
  const store: ChunkWriter = {
    ...memoryStore(),
    put: async (chunk) => void kept.push(chunk),
    renewNow: (id) => known.has(toHex(id)),
  };
  return { kept, store };
}

test("what the store keeps stays as it is while more is cut", async () => {
  const { kept, store } = keeping(new Set());
  const index = await readIndex(inBlocks(await indexOf(store)));
  const named: Uint8Array[] = [];
  for await (const { id } of eachChunk(index)) named.push(id);
  expect(kept.map(({ id }) => id)).toEqual(named);
  for (const { id, bytes } of kept) verifyChunk(id, bytes, sha512_256Digest);
  expect(equalBytes(concatBytes(kept.map((chunk) => chunk.bytes)), bytes)).toBe(true);
});

test("a chunk that the store is known to have is not put, and is in the index", async () => {
  const all = keeping(new Set());
  await indexOf(all.store);
  const known = new Set(all.kept.filter((_, i) => i % 2 === 0).map(({ id }) => toHex(id)));
  const { kept, store } = keeping(known);
  expect(await indexOf(store)).toEqual(await indexOf());
  expect(kept.map(({ id }) => toHex(id))).toEqual(
    all.kept.map(({ id }) => toHex(id)).filter((id) => !known.has(id)),
  );
});
