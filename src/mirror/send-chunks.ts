import { concatBytes } from "../bytes/compare.ts";
import { toHex } from "../bytes/hex.ts";
import { compressedCoding } from "../casync/chunk-coding.ts";
import { chunksUnderWay, inOrder } from "../casync/in-order.ts";
import { storedChunk } from "../casync/stored-chunks.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { isSyncError, SyncError, toSyncError } from "../errors.ts";
import { decodeCounts, encodeCounts } from "../session/closing.ts";
import { sessionTimes } from "../session/limits.ts";
import { Link } from "../session/link.ts";
import { decodeBits } from "../session/wishes.ts";
import type { ChunkReader } from "../store/store.ts";
import { channelOf } from "../transport/channel.ts";
import type { Bytes, Duplex } from "../types.ts";
import { encodeChunkRow } from "./chunk-row.ts";
import { HeardFrames } from "./heard-frames.ts";
import { checkMirrorHello, encodeMirrorHello } from "./mirror-hello.ts";
import { mirrorLimits } from "./mirror-limits.ts";
import { type MirrorOptions, type MirrorSummary, noMirrorTotals } from "./mirror-options.ts";

/**
 * Brings a store elsewhere up to date with chunks of this one: names them, hears a bit for each,
 * and sends those that are asked for. Both ends have a store; what lies between is any duplex.
 *
 * Memory does not grow with the number of chunks. The store stays open. A chunk that cannot be read
 * does not stop the others: see `failed`.
 *
 * @param ids what is offered: `kept` of a store, or the chunks of an index
 * @throws UNSUPPORTED when the stores do not go together, what the receiver reported (`remote`),
 *   PEER_GONE, STALLED, the signal's reason
 * @see docs/protocol.md §14
 */
export async function sendChunks(
  store: ChunkReader,
  ids: AsyncIterable<ChunkId>,
  duplex: Duplex,
  options: MirrorOptions = {},
): Promise<MirrorSummary> {
  const { digest = sha512_256Digest, signal } = options;
  const link = new Link(channelOf(duplex), { ...sessionTimes, ...options }, signal);
  const heard = new HeardFrames(link, mirrorLimits.listsAheadCount + 1);
  const sending = new ChunkSending(store, link, heard, options);
  try {
    await link.send("HELLO", encodeMirrorHello("chunk sender", digest.name), "none");
    checkMirrorHello(await heard.next("HELLO"), "chunk receiver", digest.name);
    await sending.run(ids);
    await link.send("END", encodeCounts(sending.totals.listed), "none");
    const [moved = 0, failed = 0] = decodeCounts(await heard.next("DONE"), 2);
    await link.leave();
    const { sentBytes: wireSentBytes, receivedBytes: wireReceivedBytes } = link;
    return { ...sending.totals, moved, failed, wireSentBytes, wireReceivedBytes };
  } catch (thrown) {
    signal?.throwIfAborted();
    const error = toSyncError(await heard.reasonOf(thrown, link));
    await link.fail(error, true);
    throw error;
  } finally {
    link.close();
  }
}

/** The part of a sender that lists, hears answers and sends content. */
class ChunkSending {
  readonly totals = noMirrorTotals();
  readonly #store: ChunkReader;
  readonly #link: Link;
  readonly #heard: HeardFrames;
  readonly #options: MirrorOptions;

  constructor(store: ChunkReader, link: Link, heard: HeardFrames, options: MirrorOptions) {
    this.#store = store;
    this.#link = link;
    this.#heard = heard;
    this.#options = options;
  }

  async run(ids: AsyncIterable<ChunkId>): Promise<void> {
    const { jobCount, onProgress } = this.#options;
    // How long a chunk is is known when it was read: those under way are bounded by their number.
    const limits = chunksUnderWay<ChunkId>(jobCount, () => usualBytes);
    const chunks = inOrder(this.#wished(ids), limits, (id) => this.#read(id));
    for await (const payload of encodeChunkRow(chunks)) {
      await this.#link.send("DATA", payload, "none");
      onProgress?.(this.totals);
    }
  }

  /** Names chunks, some lists ahead of the answers, and yields those that are asked for. */
  async *#wished(ids: AsyncIterable<ChunkId>): AsyncGenerator<ChunkId> {
    const asked: (readonly ChunkId[])[] = [];
    const lists = listsOf(ids);
    try {
      for (let isOver = false; !isOver || asked.length > 0;) {
        while (!isOver && asked.length < mirrorLimits.listsAheadCount) {
          const { done, value } = await lists.next();
          isOver = done === true;
          if (value) asked.push(await this.#list(value));
        }
        const answered = asked.shift();
        if (answered) yield* await this.#answersTo(answered);
      }
    } finally {
      await lists.return(undefined);
    }
  }

  async #list(ids: readonly ChunkId[]): Promise<readonly ChunkId[]> {
    await this.#link.send("HAVE", concatBytes(ids), "none");
    this.totals.listed += ids.length;
    return ids;
  }

  async #answersTo(ids: readonly ChunkId[]): Promise<readonly ChunkId[]> {
    const bits = decodeBits(await this.#heard.next("WISH_CHUNKS"), ids.length);
    if (bits.length < ids.length) throw new SyncError("BAD_MESSAGE", "an answer is shorter than its list");
    return ids.filter((_, i) => bits[i]);
  }

  /** The chunk in the form in which it travels; undefined for one that cannot be had. */
  async #read(id: ChunkId): Promise<Bytes | undefined> {
    const { coding = compressedCoding(), onTrouble, signal } = this.#options;
    try {
      const stored = await storedChunk(this.#store, id, coding, signal && { signal });
      if (stored) this.totals.movedBytes += stored.length;
      else onTrouble?.(new SyncError("CHUNK_MISSING", `chunk ${toHex(id)} is not in the store any more`));
      return stored;
    } catch (thrown) {
      signal?.throwIfAborted();
      if (isSyncError(thrown, "UNAUTHORIZED")) throw thrown; // so it is with all others
      onTrouble?.(toSyncError(thrown));
      return undefined;
    }
  }
}

/** What a chunk takes, about, before that is known. */
const usualBytes = 65_536;

async function* listsOf(ids: AsyncIterable<ChunkId>): AsyncGenerator<readonly ChunkId[], undefined> {
  let list: ChunkId[] = [];
  for await (const id of ids) {
    list.push(id);
    if (list.length < mirrorLimits.listedCount) continue;
    yield list;
    list = [];
  }
  if (list.length > 0) yield list;
}
