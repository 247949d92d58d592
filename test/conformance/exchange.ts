import { concatBytes } from "../../src/bytes/compare.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import { type Builder, createBuilder } from "../../src/remotesync/builder.ts";
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
  const chunks = parts.map((bytes) => chunkOf(bytes));
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

/**
 * A receiver with a storage of its own. Without a window its wishlist may run ahead as far as it
 * likes.
 */
export function openBuilder(info: SyncInfo, storage: CafsStorage, windowCount = 2 ** 30): Builder {
  return createBuilder(info, cafsStore(storage), { ...roomy, windowCount });
}

/** All of a receiver's wishlist, before it gets anything. */
export async function wholeWishlist(builder: Builder): Promise<Bytes> {
  return concatBytes(await collect(builder.wishlist));
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
}

/** Lets a receiver build a file into its own storage, as the reference does. */
export async function receive(
  builder: Builder,
  storage: CafsStorage,
  chunkStream: AsyncIterable<Bytes>,
): Promise<Received> {
  const temporary = storage.create();
  try {
    const building = builder.build(chunkStream);
    let step = await building.next();
    for (; step.done !== true; step = await building.next()) temporary.write(step.value);
    temporary.close();
    const file = temporary.file();
    const { key, size, isChunked, chunkCount } = file;
    file.dispose();
    same("key by the builder", toHex(key), toHex(step.value.key!));
    return { key, size, isChunked, chunkCount };
  } finally {
    builder.close();
    temporary.dispose();
  }
}
