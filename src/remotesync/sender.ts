import { SyncError, isSyncError } from "../errors.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import type { Store } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { encodeChunk, RunEncoder } from "./chunk-stream.ts";
import { placeholder, shuffledOrder } from "./shuffle.ts";
import { checkSyncInfo, fileBytes, isEmptyId, type SyncInfo, type SyncInfoLimits } from "./sync-info.ts";
import { readAnswers } from "./wishlist.ts";

/** How far a sender is. When it starts from the size of the file, both numbers end up equal. */
export interface SendStatus {
  /** What it started with, less the bytes of every chunk that the receiver did not ask for. */
  readonly bytesToTransfer: number;
  /** Bytes of the chunks sent so far. */
  readonly bytesTransferred: number;
}

/**
 * Where a sender gets chunks from. One at a time may have to be waited for; who has them all at
 * hand may offer several at once, which then go out together.
 */
export interface ChunkSource extends Pick<Store, "get"> {
  /**
   * Some chunks, in this order, whose bytes have to stay as they are until the next call only.
   * Throws as `get` does.
   */
  readonly getRun?: (ids: readonly ChunkId[], options?: AbortOptions) => Promise<readonly Chunk[]>;
}

/** Bytes, and chunks, that are asked of a source at once. */
const runBytes = 1 << 20;
const runCount = 1024;

export interface SendOptions extends AbortOptions, SyncInfoLimits {
  /** Called before the first answer is read, then after each chunk of the list, sent or not. */
  readonly onStatus?: (status: SendStatus) => void;
  /** Where `bytesToTransfer` starts; the size of the file when absent. */
  readonly bytesToTransfer?: number;
}

/**
 * Answers a wishlist: yields the chunks that it asks for, each one as soon as its answer has
 * arrived and the store has the chunk. A store whose `get` waits makes this a relay.
 *
 * Holds one chunk at a time and pins nothing: see to it that the store keeps the chunks of `info`.
 * Of a store that gives several at once it holds a run, and what it yields then stays as it is
 * until the next is asked for only.
 *
 * @param store where the chunks are; only those that are asked for are fetched
 * @throws WISHLIST_TOO_SHORT, WISHLIST_TOO_LONG, PLACEHOLDER_REQUESTED; CHUNK_MISSING when the
 *   store has not got a chunk. Whoever sends the stream on must then break it off, not end it, so
 *   that the receiver sees.
 */
export async function* writeChunkData(
  info: SyncInfo,
  store: ChunkSource,
  wishlist: AsyncIterable<Bytes>,
  options: SendOptions = {},
): AsyncGenerator<Bytes, void, undefined> {
  checkSyncInfo(info, options);
  const order = shuffledOrder(info.chunks.length, info.perm);
  const sending = new Sending(info, store, options);
  let position = 0;
  for await (const answers of readAnswers(wishlist, order.length, options)) {
    for (const wanted of answers) {
      const index = order[position++]!;
      if (index !== placeholder) sending.add(index, wanted);
      if (index === placeholder && wanted) {
        yield* sending.flush();
        throw placeholderRequested(position - 1);
      }
      if (sending.isFull) yield* sending.flush();
    }
    yield* sending.flush();
  }
}

/** Entries of the list that were answered, as they go out. */
class Sending {
  readonly #info: SyncInfo;
  readonly #store: ChunkSource;
  readonly #options: SendOptions;
  readonly #runs = new RunEncoder();
  #bytesToTransfer: number;
  #bytesTransferred = 0;
  /** Entries whose turn it is, in order. */
  #answered: { readonly index: number; readonly wanted: boolean }[] = [];
  #wantedCount = 0;
  #wantedBytes = 0;

  constructor(info: SyncInfo, store: ChunkSource, options: SendOptions) {
    this.#info = info;
    this.#store = store;
    this.#options = options;
    this.#bytesToTransfer = options.bytesToTransfer ?? fileBytes(info.chunks);
    this.#tell();
  }

  /** True when there is enough for one run. */
  get isFull(): boolean {
    return this.#wantedBytes >= runBytes || this.#wantedCount >= runCount;
  }

  add(index: number, wanted: boolean): void {
    this.#answered.push({ index, wanted });
    if (!wanted) return;
    this.#wantedCount += 1;
    this.#wantedBytes += this.#info.chunks[index]!.size;
  }

  /** Yields what is wanted of what was added, and tells of all of it. */
  async *flush(): AsyncGenerator<Bytes, void, undefined> {
    const answered = this.#answered;
    const wantedCount = this.#wantedCount;
    this.#answered = [];
    this.#wantedCount = 0;
    this.#wantedBytes = 0;
    const asRun = this.#store.getRun !== undefined;
    if (asRun && wantedCount > 0) {
      const indexes = answered.filter(({ wanted }) => wanted).map(({ index }) => index);
      yield this.#runs.encode(await this.#fetchRun(indexes));
    }
    for (const { index, wanted } of answered) {
      if (wanted && !asRun) yield encodeChunk(await this.#fetch(index));
      this.#count(index, wanted);
    }
  }

  #count(index: number, wanted: boolean): void {
    const { size } = this.#info.chunks[index]!;
    if (wanted) this.#bytesTransferred += size;
    else this.#bytesToTransfer -= size;
    this.#tell();
  }

  #tell(): void {
    const { onStatus } = this.#options;
    onStatus?.({ bytesToTransfer: this.#bytesToTransfer, bytesTransferred: this.#bytesTransferred });
  }

  async #fetch(index: number): Promise<Bytes> {
    const { id } = this.#info.chunks[index]!;
    if (isEmptyId(id)) return new Uint8Array(0);
    const { signal } = this.#options;
    try {
      return (await this.#store.get(id, signal && { signal })).bytes;
    } catch (thrown) {
      throw missing(thrown, index);
    }
  }

  async #fetchRun(indexes: readonly number[]): Promise<readonly Bytes[]> {
    const ids = indexes.map((index) => this.#info.chunks[index]!.id);
    const { signal } = this.#options;
    try {
      const chunks = await this.#store.getRun!(ids, signal && { signal });
      return chunks.map(({ bytes }) => bytes);
    } catch (thrown) {
      throw missing(thrown, indexes[0]!);
    }
  }
}

function missing(cause: unknown, index: number): unknown {
  if (!isSyncError(cause, "NOT_FOUND")) return cause;
  return new SyncError("CHUNK_MISSING", "a chunk that was announced is gone", { cause, detail: { index } });
}

function placeholderRequested(index: number): SyncError {
  return new SyncError("PLACEHOLDER_REQUESTED", "receiver asked for a position without a chunk", {
    detail: { index },
  });
}
