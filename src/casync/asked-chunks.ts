import { abortable } from "../bytes/abort.ts";
import { type Chunk, idBytes } from "../chunk/chunk.ts";
import { maxChunkBytes } from "../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { SyncError, isSyncError, toSyncError } from "../errors.ts";
import { keyOf, notFound } from "../store/key.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { type ChunkCoding, plainCoding } from "./chunk-coding.ts";
import { encodeRequest, type Message, messageTypes } from "./protocol.ts";
import { readWord, viewOf } from "./words.ts";

/** One chunk that was asked for. */
interface Waiting {
  readonly id: Bytes;
  readonly answer: Promise<Chunk>;
  readonly resolve: (chunk: Chunk) => void;
  readonly reject: (error: unknown) => void;
}

/** What chunks are asked for by. */
export interface AskedChunksOptions {
  /** The form of compressed chunks. */
  readonly coding: ChunkCoding;
  /** What chunks are named by. */
  readonly digest: ChunkDigest;
  /** Sends a message, behind those before. */
  readonly write: (message: Bytes) => Promise<void>;
}

/**
 * Chunks that are asked for by messages of casync. Any number may be asked for at one time; answers
 * may come in any order.
 */
export class AskedChunks {
  readonly #options: AskedChunksOptions;
  readonly #waiting = new Map<string, Waiting>();
  #failure: SyncError | undefined;

  constructor(options: AskedChunksOptions) {
    this.#options = options;
  }

  /** True while an answer is waited for. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** @throws NOT_FOUND, CORRUPT, UNSUPPORTED, and what it failed with */
  async ask(id: Bytes, options?: AbortOptions): Promise<Chunk> {
    if (this.#failure) throw this.#failure;
    return abortable(this.#answerTo(id), options?.signal);
  }

  /** Takes an answer. @throws BAD_MESSAGE for another message */
  take({ type, body }: Message): void {
    if (type === messageTypes.missing && body.length === idBytes)
      return this.#settle(body, ({ id, reject }) => reject(notFound(id)));
    if (type !== messageTypes.chunk || body.length <= 8 + idBytes)
      throw new SyncError("BAD_MESSAGE", "a message of casync is out of place");
    const isCompressed = readWord(viewOf(body), 0) === 1n;
    this.#settle(body.subarray(8, 8 + idBytes), ({ id, resolve, reject }) => {
      try {
        const stored = body.subarray(8 + idBytes);
        const coding = isCompressed ? this.#options.coding : plainCoding;
        resolve(verifyChunk(id, coding.decode(stored, maxChunkBytes), this.#options.digest));
      } catch (cause) {
        if (isSyncError(cause, "UNSUPPORTED")) reject(cause);
        else reject(new SyncError("CORRUPT", "a chunk came damaged from the other end", { cause }));
      }
    });
  }

  /** No answer comes any more. The first failure stays. */
  fail(thrown: unknown): void {
    this.#failure ??= toSyncError(thrown, "PEER_GONE");
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  #answerTo(id: Bytes): Promise<Chunk> {
    const key = keyOf(id);
    const before = this.#waiting.get(key);
    if (before) return before.answer;
    let [resolve, reject]: [Waiting["resolve"], Waiting["reject"]] = [() => {}, () => {}];
    const answer = new Promise<Chunk>((...settlers) => ([resolve, reject] = settlers));
    this.#waiting.set(key, { id, answer, resolve, reject });
    this.#options.write(encodeRequest(id)).catch((thrown) => this.fail(thrown));
    return answer;
  }

  #settle(id: Bytes, how: (one: Waiting) => void): void {
    const key = keyOf(id);
    const one = this.#waiting.get(key);
    if (!one) throw new SyncError("BAD_MESSAGE", "a chunk came that nobody asked for");
    this.#waiting.delete(key);
    how(one);
  }
}
