import { ExactReader } from "../bytes/exact-reader.ts";
import { abortable } from "../bytes/abort.ts";
import { type Chunk, idBytes } from "../chunk/chunk.ts";
import { maxChunkBytes } from "../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { keyOf } from "../store/key.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { SyncError, isSyncError, toSyncError } from "../errors.ts";
import { Gate } from "../store/gate.ts";
import { notFound } from "../store/key.ts";
import type { ChunkReader } from "../store/store.ts";
import type { ByteChannel } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";
import { type ChunkCoding, compressedCoding, plainCoding } from "./chunk-coding.ts";
import {
  abortOf,
  encodeHello,
  encodeMessage,
  encodeRequest,
  helloFlags,
  helloOf,
  type Message,
  messageTypes,
  readMessage,
} from "./protocol.ts";
import { readWord, viewOf } from "./words.ts";

export interface PulledChunksOptions {
  /** The form of compressed chunks; by portable code unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
}

/** One chunk that was asked for. */
interface Waiting {
  readonly id: Bytes;
  readonly answer: Promise<Chunk>;
  readonly resolve: (chunk: Chunk) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Chunks that are pulled by the remote protocol of casync. Any number may be asked for at one time
 * over the one connection; answers may come in any order.
 */
export function pulledChunks(channel: ByteChannel, options: PulledChunksOptions = {}): ChunkReader {
  const { coding = compressedCoding(), digest = sha512_256Digest } = options;
  const gate = new Gate();
  const waiting = new Map<string, Waiting>();
  let failure: SyncError | undefined;
  let written: Promise<void> = channel.write(encodeHello(helloFlags.pullChunks));
  written.catch(fail);

  function fail(thrown: unknown): void {
    failure ??= toSyncError(thrown, "PEER_GONE");
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  }

  async function listen(): Promise<void> {
    const reader = new ExactReader(channel.read());
    const flags = helloOf(await readMessage(reader));
    if ((flags & helloFlags.readableStore) === 0n)
      throw new SyncError("UNSUPPORTED", "the other end offers no chunks");
    for (;;) {
      const message = await readMessage(reader);
      if (message === undefined || message.type === messageTypes.goodbye)
        throw new SyncError("PEER_GONE", "the other end has gone");
      take(message);
    }
  }

  function take(message: Message): void {
    const { type, body } = message;
    if (type === messageTypes.abort) throw abortOf(message);
    if (type === messageTypes.missing && body.length === idBytes)
      return settle(body, ({ id, reject }) => reject(notFound(id)));
    if (type !== messageTypes.chunk || body.length <= 8 + idBytes)
      throw new SyncError("BAD_MESSAGE", "a message of casync is out of place");
    const isCompressed = readWord(viewOf(body), 0) === 1n;
    settle(body.subarray(8, 8 + idBytes), ({ id, resolve, reject }) => {
      try {
        const stored = body.subarray(8 + idBytes);
        const bytes = (isCompressed ? coding : plainCoding).decode(stored, maxChunkBytes);
        resolve(verifyChunk(id, bytes, digest));
      } catch (cause) {
        if (isSyncError(cause, "UNSUPPORTED")) reject(cause);
        else reject(new SyncError("CORRUPT", "a chunk came damaged from the other end", { cause }));
      }
    });
  }

  /** One that nobody waits for was answered twice. */
  function settle(id: Bytes, how: (one: Waiting) => void): void {
    const key = keyOf(id);
    const one = waiting.get(key);
    waiting.delete(key);
    if (one) how(one);
  }

  function ask(id: Bytes): Promise<Chunk> {
    const key = keyOf(id);
    const before = waiting.get(key);
    if (before) return before.answer;
    let [resolve, reject]: [Waiting["resolve"], Waiting["reject"]] = [() => {}, () => {}];
    const answer = new Promise<Chunk>((...settlers) => ([resolve, reject] = settlers));
    waiting.set(key, { id, answer, resolve, reject });
    written = written.then(() => channel.write(encodeRequest(id)));
    written.catch(fail);
    return answer;
  }

  listen().catch(fail);

  const store: ChunkReader = {
    async get(id, options) {
      gate.enter(options);
      if (failure) throw failure;
      return abortable(ask(id), options?.signal);
    },
    async has(id, options) {
      try {
        await store.get(id, options);
        return true;
      } catch (thrown) {
        if (isSyncError(thrown, "NOT_FOUND")) return false;
        throw thrown;
      }
    },
    async close() {
      if (!gate.close()) return;
      failure ??= new SyncError("STATE", "the store is closed");
      await written.then(() => channel.write(encodeMessage(messageTypes.goodbye))).catch(() => {});
      await channel.end().catch(() => {});
      channel.abort(new SyncError("ABORTED", "the store is closed"));
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}
