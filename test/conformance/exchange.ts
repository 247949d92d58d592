import { concatBytes } from "../../src/bytes/compare.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import { createBuilder } from "../../src/remotesync/builder.ts";
import { type SendStatus, writeChunkData } from "../../src/remotesync/sender.ts";
import type { SyncInfo } from "../../src/remotesync/sync-info.ts";
import { type CafsStorage, createCafsStorage } from "../../src/store/cafs-storage.ts";
import { cafsStore } from "../../src/store/cafs-store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";
import type { Bytes } from "../../src/types.ts";
import { collect, hashHex, input, same, sameIfGiven, textBytes, type Case } from "./check.ts";
import { roomy } from "./sync-info.ts";

/** A SyncInfo made from chunks that are given one by one, and a store that has them all. */
export async function chunkList(
  parts: readonly Bytes[],
  perm: readonly number[],
): Promise<[SyncInfo, Store]> {
  const chunks = parts.map(chunkOf);
  const store = memoryStore();
  for (const chunk of chunks) await store.put(chunk);
  return [{ chunks: chunks.map(({ id, bytes }) => ({ id, size: bytes.length })), perm }, store];
}

/** A receiver's storage with these files in it. */
export function storageWith(capacityBytes: number, files: readonly Case[]): CafsStorage {
  const storage = createCafsStorage({ capacityBytes });
  for (const spec of files) store(storage, input(spec as never));
  return storage;
}

function store(storage: CafsStorage, bytes: Bytes): void {
  const temporary = storage.create();
  temporary.write(bytes);
  temporary.close();
  temporary.dispose();
}

/** The wishlist of a receiver that may run ahead as far as it likes. */
export async function wholeWishlist(info: SyncInfo, storage: CafsStorage): Promise<Bytes> {
  const builder = createBuilder(info, cafsStore(storage), { ...roomy, windowCount: 2 ** 30 });
  const bytes = concatBytes(await collect(builder.wishlist));
  builder.close();
  return bytes;
}

export interface Sent {
  /** What was sent before the end or the error. */
  readonly blocks: Bytes[];
  readonly statuses: [number, number][];
}

/** Lets a sender answer a wishlist; `sent` is filled even when it throws. */
export async function send(
  info: SyncInfo,
  store: Store,
  wishlist: AsyncIterable<Bytes>,
  sent: Sent,
  bytesToTransfer?: number,
): Promise<void> {
  const onStatus = (status: SendStatus) =>
    sent.statuses.push([status.bytesToTransfer, status.bytesTransferred]);
  const start = bytesToTransfer === undefined ? {} : { bytesToTransfer };
  await collect(writeChunkData(info, store, wishlist, { ...roomy, ...start, onStatus }), sent.blocks);
}

/** Compares the status calls of a sender. */
export function sameStatuses(vector: Case, statuses: readonly [number, number][]): void {
  sameIfGiven(vector, "callbackCount", statuses.length);
  if (vector.callbacks?.length === statuses.length) same("callbacks", vector.callbacks, statuses);
  const lines = statuses.map(([left, done]) => `${left},${done}\n`).join("");
  sameIfGiven(vector, "callbacksSha256", hashHex(textBytes(lines)));
}

export interface Received {
  readonly key: Bytes;
  readonly size: number;
  readonly isChunked: boolean;
  readonly chunkCount: number;
  readonly bytes: Bytes;
}

/** Lets a receiver build a file into its own storage, as the reference does. */
export async function receive(
  info: SyncInfo,
  storage: CafsStorage,
  chunkStream: (wishlist: AsyncIterable<Bytes>) => AsyncIterable<Bytes>,
  windowCount: number,
): Promise<Received> {
  const builder = createBuilder(info, cafsStore(storage), { ...roomy, windowCount });
  const temporary = storage.create();
  try {
    const building = builder.build(chunkStream(builder.wishlist));
    const blocks: Bytes[] = [];
    let step = await building.next();
    for (; step.done !== true; step = await building.next()) {
      temporary.write(step.value);
      blocks.push(step.value.slice());
    }
    temporary.close();
    const file = temporary.file();
    const { key, size, isChunked, chunkCount } = file;
    same("digest of the builder", hashHex(concatBytes(blocks)), hashHex(concatBytes([...file.read()])));
    same("key of the builder", [...key], [...step.value.key]);
    file.dispose();
    return { key, size, isChunked, chunkCount, bytes: concatBytes(blocks) };
  } finally {
    builder.close();
    temporary.dispose();
  }
}
