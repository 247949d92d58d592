import { createHash, randomFillSync } from "node:crypto";
import { concatBytes, equalBytes } from "../../src/bytes/compare.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { encodeLength } from "../../src/bytes/varint.ts";
import { createBuilder } from "../../src/remotesync/builder.ts";
import { randomPermutation } from "../../src/remotesync/permutation.ts";
import { writeChunkData } from "../../src/remotesync/sender.ts";
import { shuffledOrder } from "../../src/remotesync/shuffle.ts";
import { type SyncInfo, syncInfoOf } from "../../src/remotesync/sync-info.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";
import type { Bytes } from "../../src/types.ts";
import { type BenchRow, compare } from "../row.ts";

const sizeBytes = 64 * 2 ** 20;
const blockBytes = 65536;

/**
 * A whole exchange in memory, sender and receiver joined directly: wishlist, chunk stream,
 * verification, store, order and the digest of the file. The peer does each step for the whole file
 * before the next one.
 *
 * For comparison: the reference in Go moves 24 MB/s with all chunks missing, 62 MB/s with all
 * present.
 */
export async function run(): Promise<BenchRow[]> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += blockBytes) randomFillSync(bytes.subarray(at, at + blockBytes));
  const source = memoryStore();
  const perm = randomPermutation(256, (limit) => Math.floor(Math.random() * limit));
  const info = await syncInfoOf(blocksOf(bytes), perm, { onChunk: (chunk) => source.put(chunk) });
  const contents = new Map<string, Bytes>();
  for (const { id } of info.chunks) contents.set(toHex(id), (await source.get(id)).bytes);

  const contest = { peer: "step by step", unit: "MB/s", perRun: sizeBytes / 1e6 };
  const missing = await compare({
    ...contest,
    name: "exchange, all chunks missing",
    naive: () => exchangeStepwise(info, contents, new Map()),
    fast: () => exchange(info, source, memoryStore()),
  });
  const present = await compare({
    ...contest,
    name: "exchange, all chunks present",
    naive: () => exchangeStepwise(info, contents, new Map(contents)),
    fast: () => exchange(info, source, source),
  });
  return [missing, present];
}

async function* blocksOf(bytes: Bytes): AsyncGenerator<Bytes, void, undefined> {
  for (let at = 0; at < bytes.length; at += blockBytes) yield bytes.subarray(at, at + blockBytes);
}

async function exchange(info: SyncInfo, from: Store, to: Store): Promise<void> {
  const builder = createBuilder(info, to);
  let builtBytes = 0;
  for await (const block of builder.build(writeChunkData(info, from, builder.wishlist)))
    builtBytes += block.length;
  if (builtBytes !== sizeBytes) throw new Error("incomplete");
}

function exchangeStepwise(info: SyncInfo, from: Map<string, Bytes>, to: Map<string, Bytes>): void {
  const seen = new Set<string>();
  const wanted: Bytes[] = [];
  for (const index of shuffledOrder(info.chunks.length, info.perm)) {
    if (index < 0) continue;
    const { id } = info.chunks[index]!;
    const key = toHex(id);
    if (!seen.has(key) && !to.has(key)) wanted.push(id);
    seen.add(key);
  }
  const frames = wanted.map((id) => from.get(toHex(id))!).map((bytes) => [encodeLength(bytes.length), bytes]);
  const stream = concatBytes(frames.flat());
  let at = 0;
  for (const id of wanted) {
    let sum = 0;
    let scale = 1;
    for (; stream[at]! >= 0x80; scale *= 128) sum += (stream[at++]! & 0x7f) * scale;
    const length = (sum + stream[at++]! * scale) / 2;
    const bytes = stream.slice(at, at + length);
    at += length;
    if (!equalBytes(createHash("sha256").update(bytes).digest(), id)) throw new Error("wrong chunk");
    to.set(toHex(id), bytes);
  }
  const file = concatBytes(info.chunks.map(({ id }) => to.get(toHex(id))!));
  createHash("sha256").update(file).digest();
  if (file.length !== sizeBytes) throw new Error("incomplete");
}
