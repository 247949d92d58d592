import { compressedCoding } from "../casync/chunk-coding.ts";
import { inAnyOrder } from "../bytes/in-any-order.ts";
import { chunksUnderWay, inOrder } from "../casync/in-order.ts";
import { verifyStored } from "../casync/stored-form.ts";
import { toHex } from "../bytes/hex.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { isSyncError, SyncError, toSyncError } from "../errors.ts";
import { decodeCounts, decodeError, encodeCounts } from "../session/closing.ts";
import type { Frame } from "../session/frame.ts";
import { readIds } from "../session/id-list.ts";
import { sessionTimes } from "../session/limits.ts";
import { Link } from "../session/link.ts";
import { Queue } from "../session/queue.ts";
import { encodeBits } from "../session/wishes.ts";
import type { ChunkWriter } from "../store/store.ts";
import { channelOf } from "../transport/channel.ts";
import type { Bytes, Duplex } from "../types.ts";
import { ChunkRowReader } from "./chunk-row.ts";
import { checkMirrorHello, encodeMirrorHello } from "./mirror-hello.ts";
import { mirrorLimits } from "./mirror-limits.ts";
import { type MirrorOptions, type MirrorSummary, noMirrorTotals } from "./mirror-options.ts";

/**
 * Takes the chunks into a store that another store has and this one lacks. Each is verified before
 * it is stored; one that is damaged does not stop the others: see `failed`. What was stored when a
 * session breaks does not come again.
 *
 * Memory does not grow with the number of chunks. The store stays open.
 *
 * @param store or what opens it, which is called once, when the sender has said what it has
 * @throws UNSUPPORTED when the stores do not go together, what the sender reported (`remote`), what
 *   is wrong with what it sent, LIMIT, PEER_GONE, STALLED, NO_SPACE, IO, the signal's reason
 * @see docs/protocol.md §14
 */
export async function receiveChunks(
  store: ChunkWriter | (() => ChunkWriter),
  duplex: Duplex,
  options: MirrorOptions = {},
): Promise<MirrorSummary> {
  const { digest = sha512_256Digest, jobCount, signal } = options;
  const link = new Link(channelOf(duplex), { ...sessionTimes, ...options }, signal);
  const receiving = new ChunkReceiving(store, link, options);
  try {
    await link.send("HELLO", encodeMirrorHello("chunk receiver", digest.name), "none");
    const limits = chunksUnderWay<Arrival>(jobCount, ({ stored }) => stored?.length ?? 0);
    await inAnyOrder(receiving.arrivals(), limits, (arrival) => receiving.keep(arrival));
    const { moved, failed } = receiving.totals;
    await link.send("DONE", encodeCounts(moved, failed), "none");
    await link.leave();
    const { sentBytes: wireSentBytes, receivedBytes: wireReceivedBytes } = link;
    return { ...receiving.totals, wireSentBytes, wireReceivedBytes };
  } catch (thrown) {
    signal?.throwIfAborted();
    const error = toSyncError(thrown);
    await link.fail(error, true);
    throw error;
  } finally {
    link.close();
  }
}

/** A chunk that was asked for; without content when it cannot be had. */
interface Arrival {
  readonly id: ChunkId;
  readonly stored: Bytes | undefined;
}

/** The part of a receiver that answers lists and takes content. */
class ChunkReceiving {
  readonly totals = noMirrorTotals();
  readonly #openStore: () => ChunkWriter;
  readonly #link: Link;
  readonly #options: MirrorOptions;
  #opened: ChunkWriter | undefined;
  readonly #wished = new Queue<ChunkId>();
  readonly #row = new ChunkRowReader();
  #keptBytes = 0;

  constructor(store: ChunkWriter | (() => ChunkWriter), link: Link, options: MirrorOptions) {
    this.#openStore = typeof store === "function" ? store : () => store;
    this.#link = link;
    this.#options = options;
  }

  /** Listens to the sender, and yields the chunks that it sends. */
  async *arrivals(): AsyncGenerator<Arrival> {
    const frames = this.#link.frames();
    const { value: hello } = await frames.next();
    if (hello) this.#greet(hello);
    for await (const { type, payload } of frames) {
      if (type === "HAVE") await this.#answer(readIds(payload));
      else if (type === "DATA") yield* this.#take(payload);
      else if (type === "END") return this.#end(payload);
      else if (type === "ERROR") throw decodeError(payload);
      else if (type !== "PING") throw new SyncError("BAD_FRAME", `the sender sent ${type}`);
    }
    throw new SyncError("PEER_GONE", "the sender closed before it was done");
  }

  #store(): ChunkWriter {
    return (this.#opened ??= this.#openStore());
  }

  /** Verifies a chunk and stores it. */
  async keep({ id, stored }: Arrival): Promise<void> {
    const { coding = compressedCoding(), digest = sha512_256Digest, signal } = this.#options;
    try {
      if (stored === undefined)
        throw new SyncError("CHUNK_MISSING", `chunk ${toHex(id)} cannot be read at the sender`);
      const chunk = verifyStored(id, stored, coding, digest, toHex(id));
      this.#allow(stored.length);
      await this.#store().put(chunk, signal && { signal });
      this.totals.moved++;
      this.totals.movedBytes += stored.length;
    } catch (thrown) {
      const isOfChunk = isSyncError(thrown, "CORRUPT") || isSyncError(thrown, "CHUNK_MISSING");
      if (!isOfChunk) throw thrown;
      this.totals.failed++;
      this.#options.onTrouble?.(thrown);
    }
    this.#options.onProgress?.(this.totals);
  }

  /** @throws LIMIT */
  #allow(bytes: number): void {
    const { maxBytes: limit = Infinity } = this.#options;
    this.#keptBytes += bytes;
    if (this.#keptBytes > limit)
      throw new SyncError("LIMIT", "the chunks are more than may be taken", { detail: { limit } });
  }

  #greet({ type, payload }: Frame): void {
    if (type === "ERROR") throw decodeError(payload);
    if (type !== "HELLO") throw new SyncError("BAD_FRAME", `a sender does not greet with ${type}`);
    checkMirrorHello(payload, "chunk sender", (this.#options.digest ?? sha512_256Digest).name);
  }

  async #answer(ids: readonly ChunkId[]): Promise<void> {
    const { wishedCount: limit } = mirrorLimits;
    if (this.#wished.size + ids.length > limit)
      throw new SyncError("LIMIT", "too many chunks are on their way", { detail: { limit } });
    const { jobCount, signal } = this.#options;
    const abort = signal && { signal };
    const store = this.#store();
    const isThere = (id: ChunkId): Promise<boolean> =>
      store.renew ? store.renew(id, abort) : store.has(id, abort);
    const bits: boolean[] = [];
    const limits = chunksUnderWay<ChunkId>(jobCount, () => 0);
    for await (const is of inOrder(ids, limits, isThere)) bits.push(!is);
    ids.forEach((id, i) => bits[i] && this.#wished.push(id));
    this.totals.listed += ids.length;
    await this.#link.send("WISH_CHUNKS", encodeBits(bits), "none");
  }

  *#take(payload: Bytes): Generator<Arrival> {
    for (const stored of this.#row.read(payload)) {
      const id = this.#wished.shift();
      if (id === undefined) throw new SyncError("UNSOLICITED", "a chunk that nobody asked for");
      yield { id, stored };
    }
  }

  #end(payload: Bytes): void {
    const [listed] = decodeCounts(payload, 1);
    if (this.#wished.size > 0 || !this.#row.isAtEnd || listed !== this.totals.listed)
      throw new SyncError("TRUNCATED", "the sender ends before it has sent all");
    this.#store(); // one of nothing is made, too
  }
}
