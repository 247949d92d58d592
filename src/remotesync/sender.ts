import { SyncError, isSyncError } from "../errors.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import type { Store } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { encodeChunk } from "./chunk-stream.ts";
import { placeholder, shuffledOrder } from "./shuffle.ts";
import { checkSyncInfo, fileBytes, isEmptyId, type SyncInfo, type SyncInfoLimits } from "./sync-info.ts";
import { decodeWishlist } from "./wishlist.ts";

/** How far a sender is. When it starts from the size of the file, both numbers end up equal. */
export interface SendStatus {
  /** What it started with, less the bytes of every chunk that the receiver did not ask for. */
  readonly bytesToTransfer: number;
  /** Bytes of the chunks sent so far. */
  readonly bytesTransferred: number;
}

export interface SendOptions extends AbortOptions, SyncInfoLimits {
  /** Called before the first answer is read, then after each chunk of the list, sent or not. */
  readonly onStatus?: (status: SendStatus) => void;
  /** Where `bytesToTransfer` starts; the size of the file when absent. */
  readonly bytesToTransfer?: number;
}

/**
 * Answers a wishlist: yields the chunks that it asks for, each one as soon as its answer has arrived and
 * the store has the chunk. A store whose `get` waits makes this a relay.
 *
 * Holds one chunk at a time and pins nothing: see to it that the store keeps the chunks of `info`.
 *
 * @param store where the chunks are; only those that are asked for are fetched
 * @throws WISHLIST_TOO_SHORT, WISHLIST_TOO_LONG, PLACEHOLDER_REQUESTED; CHUNK_MISSING when the store has not
 *   got a chunk. Whoever sends the stream on must then break it off, not end it, so that the receiver sees.
 */
export async function* writeChunkData(
  info: SyncInfo,
  store: Pick<Store, "get">,
  wishlist: AsyncIterable<Bytes>,
  options: SendOptions = {},
): AsyncGenerator<Bytes, void, undefined> {
  checkSyncInfo(info, options);
  const order = shuffledOrder(info.chunks.length, info.perm);
  let bytesToTransfer = options.bytesToTransfer ?? fileBytes(info.chunks);
  let bytesTransferred = 0;
  let position = 0;
  options.onStatus?.({ bytesToTransfer, bytesTransferred });
  for await (const wanted of decodeWishlist(wishlist, order.length, options)) {
    const index = order[position++]!;
    if (index === placeholder) {
      if (wanted) throw placeholderRequested(position - 1);
      continue;
    }
    const { id, size } = info.chunks[index]!;
    if (wanted) {
      yield encodeChunk(await fetchChunk(store, id, index, options));
      bytesTransferred += size;
    } else {
      bytesToTransfer -= size;
    }
    options.onStatus?.({ bytesToTransfer, bytesTransferred });
  }
}

async function fetchChunk(
  store: Pick<Store, "get">,
  id: ChunkId,
  index: number,
  { signal }: AbortOptions,
): Promise<Bytes> {
  if (isEmptyId(id)) return new Uint8Array(0);
  try {
    return (await store.get(id, signal && { signal })).bytes;
  } catch (cause) {
    if (!isSyncError(cause, "NOT_FOUND")) throw cause;
    throw new SyncError("CHUNK_MISSING", "a chunk that was announced is gone", { cause, detail: { index } });
  }
}

function placeholderRequested(index: number): SyncError {
  return new SyncError("PLACEHOLDER_REQUESTED", "receiver asked for a position without a chunk", {
    detail: { index },
  });
}
