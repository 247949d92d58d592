import { concatBytes } from "../bytes/compare.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { keyOf } from "../chunk/id-key.ts";
import { chunkOf } from "../chunk/verify.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { Bell } from "../session/bell.ts";
import { decodeError } from "../session/closing.ts";
import type { Frame } from "../session/frame.ts";
import { sessionLimits } from "../session/limits.ts";
import type { Link } from "../session/link.ts";
import { Queue } from "../session/queue.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { exchangeGreetings, type Greeting } from "./greeting.ts";
import { readIds } from "../session/id-list.ts";
import type { PeerHello } from "./peer-hello.ts";
import { swarmLimits } from "./swarm-limits.ts";

/** The chunks that a peer may ask for, and where those go that it delivers. */
export interface ExchangedChunks {
  /** Those that are here, up to so many. */
  held(maxCount: number): ChunkId[];
  has(id: ChunkId): boolean;
  get(id: ChunkId, options: AbortOptions): Promise<Chunk>;
  /** Copies what it keeps. */
  put(chunk: Chunk): Promise<void>;
}

/** Ids in one WANT frame. */
const batchCount = 256;

/**
 * A peer of a swarm, and the exchange of chunks with it: each end asks for ids, and delivers what
 * it was asked for as soon as it has it. A chunk travels without its id, which is its digest.
 */
export class PeerLink {
  /** Bytes of chunks, each way. */
  sentBytes = 0;
  receivedBytes = 0;
  readonly #link: Link;
  readonly #frames: AsyncGenerator<Frame>;
  readonly #chunks: ExchangedChunks;
  #greeting: Greeting | undefined;
  /** What is to be asked for, and what was and has not come. */
  readonly #toAsk = new Queue<ChunkId>();
  readonly #asked = new Set<string>();
  /** What the peer waits for: not here yet, and here. */
  readonly #wanted = new Set<string>();
  readonly #ready = new Queue<ChunkId>();
  readonly #bell = new Bell();
  #closed = false;
  #quietFrom = performance.now();

  constructor(link: Link, chunks: ExchangedChunks) {
    this.#link = link;
    this.#frames = link.frames();
    this.#chunks = chunks;
  }

  /** Names the peer; known once it has greeted. */
  get id(): Bytes {
    return this.#greeting!.id;
  }

  /**
   * Milliseconds since it delivered anything that it was asked for, or since it should have
   * greeted.
   */
  get quietMs(): number {
    return this.#greeting && this.#asked.size === 0 ? 0 : performance.now() - this.#quietFrom;
  }

  /**
   * Says who we are and what is here, and hears the same of the peer. @throws what is wrong with
   * the peer
   */
  async greet(hello: Omit<PeerHello, "heldCount">): Promise<PeerHello> {
    const held = this.#chunks.held(swarmLimits.heldCount);
    const own = { ...hello, heldCount: held.length };
    this.#greeting = await exchangeGreetings(this.#link, this.#frames, own, held);
    return this.#greeting;
  }

  /** True when the peer said that it has this chunk. */
  holds(id: ChunkId): boolean {
    return this.#greeting?.held.has(id) === true;
  }

  /** Exchanges chunks until the peer leaves. @throws why it has to be left */
  async run(): Promise<void> {
    this.#speak().catch((thrown: unknown) => this.leave(toSyncError(thrown)));
    try {
      await this.#listen();
    } finally {
      this.#closed = true;
      this.#bell.ring();
    }
  }

  /** Breaks the connection, and tells the peer why as far as that is possible. */
  async leave(reason: SyncError): Promise<void> {
    this.#closed = true;
    this.#bell.ring();
    await this.#link.fail(reason, true);
  }

  /** Asks for a chunk, now or when there is room. */
  want(id: ChunkId): void {
    this.#toAsk.push(id.slice());
    this.#bell.ring();
  }

  /** Says that a chunk is here, which the peer may wait for. */
  arrived(id: ChunkId): void {
    if (this.#wanted.size === 0 || !this.#wanted.delete(keyOf(id))) return;
    this.#ready.push(id.slice());
    this.#bell.ring();
  }

  async #listen(): Promise<void> {
    for (let next = await this.#frames.next(); next.done !== true; next = await this.#frames.next()) {
      await this.#take(next.value);
    }
  }

  async #take({ type, payload }: Frame): Promise<void> {
    if (type === "WANT") this.#note(readIds(payload));
    else if (type === "DATA") await this.#receive(payload);
    else if (type === "ERROR") throw decodeError(payload);
    else if (type !== "PING") throw new SyncError("BAD_FRAME", `a peer does not send ${type} here`);
  }

  #note(ids: readonly ChunkId[]): void {
    const limit = swarmLimits.wantedCount;
    if (this.#wanted.size + this.#ready.size + ids.length > limit) {
      throw new SyncError("LIMIT", `a peer waits for more than ${limit} chunks`, { detail: { limit } });
    }
    for (const id of ids) {
      if (this.#chunks.has(id)) this.#ready.push(id);
      else this.#wanted.add(keyOf(id));
    }
    this.#bell.ring();
  }

  async #receive(bytes: Bytes): Promise<void> {
    if (bytes.length > sessionLimits.chunkBytes) throw new SyncError("LIMIT", "a chunk is too long");
    const chunk = chunkOf(bytes);
    const key = keyOf(chunk.id);
    if (!this.#asked.has(key)) throw new SyncError("UNSOLICITED", "a chunk that nobody asked for");
    this.#quietFrom = performance.now();
    this.receivedBytes += bytes.length;
    await this.#chunks.put(chunk);
    this.#asked.delete(key);
    this.#bell.ring();
  }

  /**
   * What is asked for takes little room, and there is a limit to it; what the peer waits for may
   * never come to an end.
   */
  async #speak(): Promise<void> {
    while (!this.#closed) {
      if (await this.#ask()) continue;
      const id = this.#ready.shift();
      if (id) await this.#deliver(id);
      else await this.#bell.wait();
    }
  }

  async #deliver(id: ChunkId): Promise<void> {
    const { bytes } = await this.#chunks.get(id, {});
    await this.#link.send("DATA", bytes, "none");
    this.sentBytes += bytes.length;
  }

  /** Asks for as much as the peer takes; false when there is nothing to be asked. */
  async #ask(): Promise<boolean> {
    const room = Math.min(batchCount, swarmLimits.wantedCount - this.#asked.size);
    if (this.#asked.size === 0) this.#quietFrom = performance.now();
    const ids: ChunkId[] = [];
    while (ids.length < room && this.#toAsk.size > 0) ids.push(this.#toAsk.take());
    for (const id of ids) this.#asked.add(keyOf(id));
    if (ids.length > 0) await this.#link.send("WANT", concatBytes(ids), "none");
    return ids.length > 0;
  }
}
