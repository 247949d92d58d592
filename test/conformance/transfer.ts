import { concatBytes } from "../../src/bytes/compare.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { encodeSyncInfo } from "../../src/remotesync/sync-info-json.ts";
import { type SyncInfo, syncInfoOf } from "../../src/remotesync/sync-info.ts";
import { shuffledOrder } from "../../src/remotesync/shuffle.ts";
import { writeChunkData } from "../../src/remotesync/sender.ts";
import { decodeWishlist } from "../../src/remotesync/wishlist.ts";
import type { CafsStorage } from "../../src/store/cafs-storage.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";
import {
  type Case,
  hashHex,
  input,
  Mismatch,
  same,
  sameBytes,
  sameIfGiven,
  streamOf,
  textBytes,
} from "./check.ts";
import {
  chunkList,
  openBuilder,
  receive,
  type Received,
  send,
  type Sent,
  sameStatuses,
  storageWith,
  wholeWishlist,
} from "./exchange.ts";
import { roomy } from "./sync-info.ts";
import { bitText } from "./wishlist.ts";

/**
 * transfer.json: first step by step as the file tells it, then with both ends at work at the same
 * time.
 */
export async function runTransfer(vector: Case): Promise<void> {
  const [info, source] = await openSource(vector.source, vector.perm);
  same("chunkCount", vector.chunkCount, info.chunks.length);
  sameIfGiven(vector, "syncInfoJsonSha256", hashHex(textBytes(encodeSyncInfo(info))));

  const wishlist = await wholeWishlist(openBuilder(info, storageOf(vector)));
  sameBytes(vector, "wishlist", wishlist);
  await compareWishes(vector, info, wishlist);

  const sent: Sent = { blocks: [], statuses: [] };
  await send(info, source, streamOf(wishlist), sent, vector.initialBytesToTransfer);
  const chunkStream = concatBytes(sent.blocks);
  sameBytes(vector, "stream", chunkStream);
  sameIfGiven(vector, "streamFlushes", sent.blocks.length);
  sameStatuses(vector, sent.statuses);

  const storage = storageOf(vector);
  compareResult(vector, await receive(openBuilder(info, storage), storage, streamOf(chunkStream)));
  await runConcurrently(vector, info, source);
}

/** With the smallest window, each end waiting for the other again and again. */
async function runConcurrently(vector: Case, info: SyncInfo, source: Store): Promise<void> {
  const storage = storageOf(vector);
  const builder = openBuilder(info, storage, 8);
  const chunkStream = writeChunkData(info, source, builder.wishlist, roomy);
  compareResult(vector, await receive(builder, storage, chunkStream));
}

function storageOf(vector: Case): CafsStorage {
  return storageWith(2 ** 30, vector.receiverHas);
}

async function openSource(source: Case, perm: readonly number[]): Promise<[SyncInfo, Store]> {
  if (source.type === "chunks") return chunkList(source.chunks.map(input), perm);
  if (source.type !== "file") throw new Mismatch(`unknown source type ${source.type}`);
  const store = memoryStore();
  const info = await syncInfoOf(streamOf(input(source.input)), perm, {
    onChunk: (chunk) => store.put(chunk),
  });
  return [info, store];
}

async function compareWishes(vector: Case, info: SyncInfo, wishlist: Uint8Array): Promise<void> {
  const order = shuffledOrder(info.chunks.length, info.perm);
  const wishes: boolean[] = [];
  for await (const wish of decodeWishlist(streamOf(wishlist), order.length)) wishes.push(wish);
  same("bitCount", vector.bitCount, wishes.length);
  sameIfGiven(vector, "bits", bitText(wishes));
  sameIfGiven(
    vector,
    "requested",
    [...order].filter((_, position) => wishes[position]),
  );
}

function compareResult(vector: Case, file: Received): void {
  same("resultKey", vector.resultKey, toHex(file.key));
  same("resultSize", vector.resultSize, file.size);
  same("resultIsChunked", vector.resultIsChunked, file.isChunked);
  same("resultNumChunks", vector.resultNumChunks, file.chunkCount);
}
