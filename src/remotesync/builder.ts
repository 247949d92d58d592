import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { createSha256 } from "../chunk/digest.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { equalBytes } from "../bytes/compare.ts";
import { toHex } from "../bytes/hex.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { ExactReader } from "../bytes/exact-reader.ts";
import { readChunk } from "./chunk-stream.ts";
import { incoming } from "./incoming.ts";
import { KeptChunks } from "./kept-chunks.ts";
import { invertPermutation } from "./permutation.ts";
import { placeholder, Shuffler } from "./shuffle.ts";
import { checkSyncInfo, fileBytes, isEmptyId, type SyncInfo, type SyncInfoLimits } from "./sync-info.ts";
import { WishPlan } from "./wish-plan.ts";

/**
 * Positions that a wishlist may run ahead of what was received, unless the caller says otherwise.
 */
const defaultWindowCount = 256;

/** How far a receiver is. */
export interface BuildProgress {
  /** Bytes of the file handed out so far ... */
  readonly doneBytes: number;
  /** ... and in all. */
  readonly totalBytes: number;
  /** Bytes of the chunks that had to come. */
  readonly receivedBytes: number;
}

/** What was built. */
export interface BuildResult extends BuildProgress {
  /** The digest of the whole file, unless it was not asked for. */
  readonly key?: ChunkId;
}

export interface BuilderOptions extends AbortOptions, SyncInfoLimits {
  /**
   * Positions that the wishlist may run ahead of the chunks received; it bounds the chunks pinned
   * for that. Rounded down to a multiple of 8 and at least 8, since answers travel eight to a byte.
   * Default 256.
   */
  readonly windowCount?: number;
  /** The digest that the whole file must have. */
  readonly expectedKey?: ChunkId;
  /**
   * False to do without the digest of the whole file, which costs as much as verifying its chunks
   * does.
   */
  readonly wantsKey?: boolean;
  /** Called after each chunk of the file. */
  readonly onProgress?: (progress: BuildProgress) => void;
}

/**
 * The receiving end of one transfer. Send off `wishlist` and feed what comes back to `build`, or
 * let it-pipe do it: `pipe(builder.wishlist, sender, builder.build, sink)`.
 */
export interface Builder {
  /**
   * What to send to the other end, to be read once. It may be read ahead of `build`, beside it, or
   * only when `build` reads from the other end. Breaking it off breaks off the transfer.
   */
  readonly wishlist: AsyncIterable<Bytes>;
  /**
   * Turns the chunk stream into the file, in order; every byte was verified, and every chunk that
   * came is in the store. It ends only when the whole file is out and the chunk stream has ended
   * too; when it throws, what came out is only the beginning of the file. To be called once.
   *
   * The iteration throws TRUNCATED, UNEXPECTED_CHUNK, UNSOLICITED, ILLEGAL_LENGTH, VARINT_OVERFLOW
   * for what the other end does wrong; NO_SPACE, CHUNK_MISSING and others for the store; CORRUPT
   * when the file is not the expected one; the signal's reason.
   */
  readonly build: (chunkStream: AsyncIterable<Bytes>) => AsyncGenerator<Bytes, BuildResult, undefined>;
  /**
   * Ends both, with `reason` when they are not done, and lets go of all chunks. May be called
   * twice.
   */
  close(reason?: unknown): void;
}

/**
 * Prepares to receive a file.
 *
 * Memory: about 150 bytes an entry of the list, and the chunks that are in between.
 *
 * @param store where chunks are looked for and put
 * @throws BAD_SYNCINFO, BAD_PERMUTATION, LIMIT
 */
export function createBuilder(
  info: SyncInfo,
  store: Pick<Store, "get" | "put" | "pin">,
  options: BuilderOptions = {},
): Builder {
  checkSyncInfo(info, options);
  const reception = new Reception(info, store, options);
  return {
    wishlist: { [Symbol.asyncIterator]: () => reception.startWishlist() },
    build: (chunkStream) => reception.build(chunkStream),
    close: (reason) => reception.close(reason),
  };
}

class Reception {
  readonly #info: SyncInfo;
  readonly #store: Pick<Store, "get" | "put" | "pin">;
  readonly #options: BuilderOptions;
  readonly #windowBytes: number;
  /**
   * Bytes of the wishlist that go out together, where there are so many: each piece may cost a
   * packet.
   */
  readonly #pieceBytes: number;
  readonly #totalBytes: number;
  readonly #plan: WishPlan;
  readonly #kept = new KeptChunks();
  readonly #digest: ReturnType<typeof createSha256> | undefined;
  /** Aborted when either half fails or is given up, so that the other one ends too. */
  readonly #life = new AbortController();
  readonly #signal = this.#life.signal;
  /** Positions dealt with, and bytes of the wishlist handed out. */
  #positionCount = 0;
  #wishByteCount = 0;
  #doneBytes = 0;
  #receivedBytes = 0;
  #wishing = false;
  #building = false;
  #finished = false;
  #wake: () => void = () => {};

  constructor(info: SyncInfo, store: Pick<Store, "get" | "put" | "pin">, options: BuilderOptions) {
    this.#info = info;
    this.#store = store;
    this.#options = options;
    this.#windowBytes = Math.max(1, Math.floor((options.windowCount ?? defaultWindowCount) / 8));
    this.#pieceBytes = Math.max(1, this.#windowBytes >> 2);
    this.#totalBytes = fileBytes(info.chunks);
    this.#plan = new WishPlan(info, store, this.#signal);
    if (options.wantsKey !== false || options.expectedKey) this.#digest = createSha256();
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal?.aborted === true) this.#onAbort();
  }

  startWishlist(): AsyncIterator<Bytes> {
    if (this.#wishing) throw new SyncError("STATE", "a wishlist is read once");
    this.#wishing = true;
    return {
      next: async () => {
        try {
          return await this.#nextWishes();
        } catch (thrown) {
          this.close(thrown);
          throw this.#signal.reason;
        }
      },
      return: async () => {
        const done = this.#wishByteCount === this.#plan.wishes.length;
        if (!done) this.close(new SyncError("ABORTED", "wishlist broken off"));
        return { done: true, value: undefined };
      },
    };
  }

  async *build(chunkStream: AsyncIterable<Bytes>): AsyncGenerator<Bytes, BuildResult, undefined> {
    if (this.#building) throw new SyncError("STATE", "a file is built once");
    this.#building = true;
    const arriving = new ExactReader(incoming(chunkStream, this.#signal));
    try {
      yield* this.#restore(arriving);
      await expectEnd(arriving);
      return this.#finish();
    } catch (thrown) {
      this.close(thrown);
      throw this.#signal.reason;
    } finally {
      this.close();
      await arriving.close();
    }
  }

  close(reason: unknown = new SyncError("ABORTED", "receiver closed")): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    if (!this.#finished) this.#life.abort(reason);
    this.#plan.release();
    this.#kept.clear();
    this.#wake();
  }

  readonly #onAbort = (): void => this.close(this.#options.signal?.reason);

  async #nextWishes(): Promise<IteratorResult<Bytes, undefined>> {
    const index = this.#wishByteCount;
    const end = Math.min(index + this.#pieceBytes, this.#plan.wishes.length);
    if (index === end) return { done: true, value: undefined };
    while (!this.#signal.aborted && end - (this.#positionCount >> 3) > this.#windowBytes) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#signal.throwIfAborted();
    await this.#plan.decide(end - 1);
    this.#signal.throwIfAborted();
    this.#wishByteCount = end;
    return { done: false, value: this.#plan.wishes.slice(index, end) };
  }

  /** Walks the positions; yields the file as far as it is complete. */
  async *#restore(arriving: ExactReader): AsyncGenerator<Bytes, void, undefined> {
    const restorer = new Shuffler<number>(invertPermutation(this.#info.perm));
    const { order } = this.#plan;
    while (this.#positionCount < order.length) {
      const position = this.#positionCount;
      if (!this.#plan.isDecided(position >> 3)) await this.#plan.decide(position >> 3);
      this.#signal.throwIfAborted();
      const index = order[position]!;
      if (this.#plan.wants(position)) await this.#receive(arriving, index);
      this.#positionCount++;
      this.#wake();
      const due = restorer.put(index === placeholder ? undefined : index);
      if (due === undefined) continue;
      const bytes = this.#recall(due) ?? (await this.#fetch(due));
      this.#digest?.update(bytes);
      if (bytes.length > 0) yield bytes;
      this.#settle(due, bytes.length);
    }
  }

  async #receive(arriving: ExactReader, index: number): Promise<void> {
    const { id, size } = this.#info.chunks[index]!;
    const bytes = await readChunk(arriving);
    if (bytes === undefined) {
      throw new SyncError("TRUNCATED", "chunk stream ends before a chunk that was asked for", {
        detail: { index },
      });
    }
    const chunk = verifyChunk(id, bytes);
    checkSize(chunk, size, index);
    await this.#store.put(chunk, { signal: this.#signal });
    if (!(await this.#plan.hold(index))) throw missing(index);
    this.#kept.offer(this.#plan.firstOf(index), chunk);
    this.#receivedBytes += size;
  }

  /** The bytes of entry `index` when they are still in memory. */
  #recall(index: number): Bytes | undefined {
    const chunk = this.#kept.get(this.#plan.firstOf(index));
    if (chunk) checkSize(chunk, this.#info.chunks[index]!.size, index);
    return chunk?.bytes;
  }

  /** The bytes of entry `index`, which is here by now. */
  async #fetch(index: number): Promise<Bytes> {
    const { id, size } = this.#info.chunks[index]!;
    if (isEmptyId(id)) return new Uint8Array(0);
    try {
      const chunk = await this.#store.get(id, { signal: this.#signal });
      checkSize(chunk, size, index);
      return chunk.bytes;
    } catch (cause) {
      throw isSyncError(cause, "NOT_FOUND") ? missing(index, cause) : cause;
    }
  }

  /** Entry `index` is out. */
  #settle(index: number, size: number): void {
    if (this.#plan.use(index)) this.#kept.delete(this.#plan.firstOf(index));
    this.#doneBytes += size;
    this.#options.onProgress?.(this.#progress());
  }

  #finish(): BuildResult {
    const { expectedKey } = this.#options;
    const key = this.#digest?.digest();
    if (this.#doneBytes !== this.#totalBytes) throw new SyncError("INTERNAL", "the file is not complete");
    if (expectedKey !== undefined && !equalBytes(key!, expectedKey)) {
      throw new SyncError("CORRUPT", `file ${toHex(key!)} where ${toHex(expectedKey)} was expected`);
    }
    this.#finished = true;
    return { ...this.#progress(), ...(key && { key }) };
  }

  #progress(): BuildProgress {
    return { doneBytes: this.#doneBytes, totalBytes: this.#totalBytes, receivedBytes: this.#receivedBytes };
  }
}

async function expectEnd(arriving: ExactReader): Promise<void> {
  if ((await readChunk(arriving)) === undefined) return;
  throw new SyncError("UNSOLICITED", "chunk stream goes on after the last chunk that was asked for");
}

/** Two entries may claim the same id with different sizes, so each use is checked. */
function checkSize(chunk: Chunk, size: number, index: number): void {
  const actual = chunk.bytes.length;
  if (actual === size) return;
  throw new SyncError("UNEXPECTED_CHUNK", `chunk of ${actual} bytes where ${size} were announced`, {
    detail: { index, actual, limit: size },
  });
}

function missing(index: number, cause?: unknown): SyncError {
  return new SyncError("CHUNK_MISSING", "the store has let go of a chunk that it was to keep", {
    cause,
    detail: { index },
  });
}
