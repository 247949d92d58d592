import { ExactReader } from "../bytes/exact-reader.ts";
import { SyncError } from "../errors.ts";
import type { ByteChannel } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";
import {
  abortOf,
  encodeChunk,
  encodeHello,
  encodeMessage,
  helloFlags as flags,
  helloOf,
  type Message,
  messageTypes as types,
  readMessage,
  requestedIds,
} from "./protocol.ts";
import { sendPieces } from "./serve-pull.ts";
import { writeInTurn } from "./write-in-turn.ts";

/** What is pushed. */
export interface PushedIndex {
  readonly index: AsyncIterable<Bytes>;
  /** The chunk with an id in compressed form; undefined when it is missing or damaged. */
  readonly stored: (id: Bytes) => Promise<Bytes | undefined>;
}

/**
 * Pushes an index, and the chunks of it that the other end lacks, by the remote protocol of casync.
 * Resolves with how many chunks were asked for.
 *
 * @throws UNSUPPORTED when the other end takes no indexes and chunks, PEER_GONE when it has gone
 *   before it had all, CHUNK_MISSING when a chunk that it asked for is not there
 */
export async function pushIndex(channel: ByteChannel, { index, stored }: PushedIndex): Promise<number> {
  const reader = new ExactReader(channel.read());
  const write = writeInTurn(channel);
  let sentCount = 0;
  let missingCount = 0;

  async function answer(id: Bytes): Promise<void> {
    const bytes = await stored(id);
    if (bytes) sentCount++;
    else missingCount++;
    await write(bytes ? encodeChunk(id, bytes) : encodeMessage(types.missing, id));
  }

  /** Who takes it sees by itself where it ends, and may have gone before that is said. */
  async function sendIndex(): Promise<void> {
    await sendPieces({ write }, index, types.index);
    await write(encodeMessage(types.indexEof)).catch(() => {});
  }

  async function listen(): Promise<void> {
    for (;;) {
      const message: Message | undefined = await readMessage(reader);
      if (message?.type === types.goodbye) return;
      if (message?.type === types.request) for (const id of requestedIds(message)) await answer(id);
      else throw endingOf(message, missingCount);
    }
  }

  try {
    await write(encodeHello(flags.pushIndex | flags.pushChunks | flags.pushIndexChunks));
    const offered = helloOf(await readMessage(reader));
    if ((offered & flags.writableIndex) === 0n || (offered & flags.writableStore) === 0n)
      throw new SyncError("UNSUPPORTED", "the other end takes no index and chunks");
    await Promise.all([sendIndex(), listen()]);
    await channel.end().catch(() => {});
    // It may fail yet, and tells so as it ends.
    await reader.readByte();
    return sentCount;
  } catch (thrown) {
    channel.abort(thrown);
    throw thrown;
  }
}

/** Why a push ends at a message, or at the end. */
function endingOf(message: Message | undefined, missingCount: number): SyncError {
  if (missingCount > 0)
    return new SyncError(
      "CHUNK_MISSING",
      `${missingCount} of the chunks that were asked for ${missingCount === 1 ? "is" : "are"} missing here`,
    );
  if (message === undefined) return new SyncError("PEER_GONE", "the other end has gone before it had all");
  if (message.type === types.abort) return abortOf(message);
  return new SyncError("BAD_MESSAGE", "a message of casync is out of place");
}
