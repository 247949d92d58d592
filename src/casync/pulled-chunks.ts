import { ExactReader } from "../bytes/exact-reader.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { SyncError, isSyncError } from "../errors.ts";
import { Gate } from "../store/gate.ts";
import type { ChunkReader } from "../store/store.ts";
import type { ByteChannel } from "../transport/channel.ts";
import { AskedChunks } from "./asked-chunks.ts";
import { type ChunkCoding, compressedCoding } from "./chunk-coding.ts";
import {
  abortOf,
  encodeHello,
  encodeMessage,
  helloFlags,
  helloOf,
  messageTypes,
  readMessage,
} from "./protocol.ts";
import { writeInTurn } from "./write-in-turn.ts";

export interface PulledChunksOptions {
  /** The form of compressed chunks; by portable code unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
}

/**
 * Chunks that are pulled by the remote protocol of casync. Any number may be asked for at one time
 * over the one connection; answers may come in any order.
 */
export function pulledChunks(channel: ByteChannel, options: PulledChunksOptions = {}): ChunkReader {
  const { coding = compressedCoding(), digest = sha512_256Digest } = options;
  const gate = new Gate();
  const write = writeInTurn(channel);
  const asked = new AskedChunks({ coding, digest, write });
  const fail = (thrown: unknown): void => asked.fail(thrown);
  write(encodeHello(helloFlags.pullChunks)).catch(fail);

  async function listen(): Promise<void> {
    const reader = new ExactReader(channel.read());
    const flags = helloOf(await readMessage(reader));
    if ((flags & helloFlags.readableStore) === 0n)
      throw new SyncError("UNSUPPORTED", "the other end offers no chunks");
    for (;;) {
      const message = await readMessage(reader);
      if (message === undefined || message.type === messageTypes.goodbye)
        throw new SyncError("PEER_GONE", "the other end has gone");
      if (message.type === messageTypes.abort) throw abortOf(message);
      asked.take(message);
    }
  }

  listen().catch(fail);

  const store: ChunkReader = {
    async get(id, options) {
      gate.enter(options);
      return asked.ask(id, options);
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
      fail(new SyncError("STATE", "the store is closed"));
      await write(encodeMessage(messageTypes.goodbye)).catch(() => {});
      await channel.end().catch(() => {});
      channel.abort(new SyncError("ABORTED", "the store is closed"));
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}
