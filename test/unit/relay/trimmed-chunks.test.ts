import { expect, onTestFinished, test, vi } from "vitest";
import { override } from "../../../src/bytes/override.ts";
import { equalBytes } from "../../../src/bytes/compare.ts";
import { toHex } from "../../../src/bytes/hex.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import type { Chunk } from "../../../src/chunk/chunk.ts";
import { verifyChunk } from "../../../src/chunk/verify.ts";
import { createCafsRelay } from "../../../src/relay/cafs-relay.node.ts";
import { ChunkRow } from "../../../src/relay/chunk-row.ts";
import { RelayChunks } from "../../../src/relay/relay-chunks.ts";
import { fetchCafs } from "../../../src/http/cafs-client.node.ts";
import { handleCafs } from "../../../src/http/cafs-handler.node.ts";
import { createServer } from "../../../src/http/server.node.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { packStore } from "../../../src/store/pack.node.ts";
import type { Store } from "../../../src/store/store.ts";
import { memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import type { Bytes } from "../../../src/types.ts";
import { collect, noise, serving, sharedBytes } from "../http/serving.ts";
import { picture, pullFrom, relayOf, smallTree, upstreamOf } from "./relaying.ts";

function chunkOf(seed: number, size = 1000): Chunk {
  const bytes = noise(size, seed);
  return verifyChunk(sha256(bytes), bytes);
}

function rowOf(...chunks: readonly Chunk[]): ChunkRow {
  const row = new ChunkRow();
  for (const { id, bytes } of chunks) row.push(id, [bytes.length]);
  return row;
}

async function idsIn(store: Store): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.list()) ids.push(toHex(id));
  return ids.sort();
}

async function bytesIn(store: Store): Promise<number> {
  let bytes = 0;
  for await (const { size } of store.list()) bytes += size;
  return bytes;
}

const idsOf = (...chunks: readonly Chunk[]): string[] => chunks.map(({ id }) => toHex(id)).sort();

/** Chunks that no session ever brought are of an earlier run. */
async function relayChunks(store: Store, earlier: readonly Chunk[], brought: readonly Chunk[]) {
  for (const chunk of earlier) await store.put(chunk);
  const chunks = new RelayChunks(store);
  for (const chunk of brought) {
    expect(await chunks.claim(chunk.id, {}, {})).toBe(false);
    await chunks.put(chunk);
  }
  return chunks;
}

const [a, b, c, d, e] = [1, 2, 3, 4, 5].map((seed) => chunkOf(seed)) as [Chunk, Chunk, Chunk, Chunk, Chunk];

test("of what no list has, earlier runs' goes first, then the oldest, and no more than has to", async () => {
  const store = memoryStore();
  const chunks = await relayChunks(store, [a], [b, c, d]);
  await chunks.trim(4000, []);
  expect(await idsIn(store)).toEqual(idsOf(a, b, c, d));
  await chunks.trim(3000, [rowOf(b)]);
  expect(await idsIn(store)).toEqual(idsOf(b, c, d));
  await chunks.trim(2000, [rowOf(b)]);
  expect(await idsIn(store)).toEqual(idsOf(b, d));
  expect(chunks.has(c.id)).toBe(false);
  await chunks.trim(0, [rowOf(d), rowOf(b)]);
  expect(await idsIn(store)).toEqual(idsOf(b, d));
});

test("a chunk that is claimed meanwhile stays; one on its way out is brought anew", async () => {
  const inner = memoryStore();
  let letGo = (): void => {};
  const mayGo = new Promise<void>((resolve) => (letGo = resolve));
  const removed = vi.fn(async (id: Bytes) => {
    await mayGo;
    await inner.delete(id);
  });
  const chunks = await relayChunks(override(inner, { delete: removed }), [], [a, b]);
  const trimming = chunks.trim(0, []);
  await vi.waitFor(() => expect(removed).toHaveBeenCalledTimes(1), { timeout: 120_000 });
  expect(chunks.has(a.id)).toBe(false);
  const again = chunks.claim(a.id, {}, {});
  expect(await chunks.claim(b.id, {}, {})).toBe(true);
  letGo();
  expect(await again).toBe(false);
  await trimming;
  expect(await idsIn(inner)).toEqual(idsOf(b));
});

test("a store that fails keeps nothing from being relayed, and closing ends the removal", async () => {
  const inner = memoryStore();
  const fail = async (): Promise<never> => {
    throw new Error("no");
  };
  const chunks = await relayChunks(override(inner, { delete: fail }), [], [a, b]);
  await chunks.trim(0, []);
  expect(await chunks.claim(b.id, {}, {})).toBe(true);
  await chunks.put(e);
  const trimming = chunks.trim(0, []);
  await chunks.close();
  await trimming;
});

test.each([
  [undefined, "nothing"],
  [70_000, "its content"],
])("with a limit of %s, when a file is as it was once, %s comes again", async (storeBytes, what) => {
  const tree = smallTree();
  const first = tree.children.get("big")!;
  const upstream = upstreamOf(tree);
  const store = memoryStore();
  const relay = relayOf(() => upstream.connect(), { store, ...(storeBytes !== undefined && { storeBytes }) });
  onTestFinished(() => relay.close());
  await pullFrom(relay);
  tree.children.set("big", memoryFile(noise(60_000, 78)));
  expect(picture((await pullFrom(relay)).tree)).toEqual(picture(tree));
  const most = storeBytes ?? 130_000;
  await vi.waitFor(async () => expect(await bytesIn(store)).toBeLessThan(most), { timeout: 120_000 });
  tree.children.set("big", first);
  expect(picture((await pullFrom(relay)).tree)).toEqual(picture(tree));
  await vi.waitFor(() => expect(upstream.sent).toHaveLength(3), { timeout: 120_000 });
  expect(upstream.sent[2] === 0 ? "nothing" : "its content").toBe(what);
});

test("a relay of one file keeps what is upstream, and what is still read", async () => {
  const contents = [noise(90_000, 1), noise(90_000, 2), noise(90_000, 3)] as const;
  let file = await sharedBytes(contents[0]);
  const server = await serving((request, response) => {
    void handleCafs(request, response, async () => file, {});
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const store = memoryStore();
  const relay = createCafsRelay(server.url, { store, storeBytes: 100_000 });
  const own = createServer({ share: relay.share });
  onTestFinished(() => own.close());
  const url = await own.listen();
  const fetchAll = (): Promise<Bytes> => collect(fetchCafs(url, memoryStore()));
  expect(equalBytes(await fetchAll(), contents[0])).toBe(true);
  const reading = await relay.share.openFile({ components: [], contents: false }, {});
  for (const [i, content] of contents.slice(1).entries()) {
    file = { ...(await sharedBytes(content)), version: `v${i}` };
    expect(equalBytes(await fetchAll(), content)).toBe(true);
  }
  await vi.waitFor(async () => expect(await bytesIn(store)).toBe(180_000), { timeout: 120_000 });
  for (const { id, size } of reading.info.chunks)
    expect((await reading.chunk(id, {})).bytes.length).toBe(size);
  await reading.close();
});

test("a pack gives room back with the last chunk of a file", async () => {
  await using store = packStore({ capacityBytes: 4000, fileBytes: 2000 });
  for (const chunk of [a, b, c, d]) await store.put(chunk);
  await store.delete(a.id);
  await expect(store.put(e)).rejects.toMatchObject({ code: "NO_SPACE" });
  await store.delete(b.id);
  await store.put(e);
  expect(await idsIn(store)).toEqual(idsOf(c, d, e));
  for (const chunk of [c, d, e]) {
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    await store.delete(chunk.id);
  }
  for (const chunk of [a, b, c, d]) await store.put(chunk);
  expect((await store.get(d.id)).bytes).toEqual(d.bytes);
});
