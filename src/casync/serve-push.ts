import { ExactReader } from "../bytes/exact-reader.ts";
import { SyncError } from "../errors.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { keyOf } from "../store/key.ts";
import type { ChunkReader, ChunkWriter } from "../store/store.ts";
import type { ByteChannel } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";
import { AskedChunks } from "./asked-chunks.ts";
import type { ChunkCoding } from "./chunk-coding.ts";
import { inAnyOrder } from "../bytes/in-any-order.ts";
import { chunksUnderWay } from "./in-order.ts";
import { digestOfIndex, type IndexChunk, sizeOf } from "./index-header.ts";
import { eachChunk, readIndex } from "./index-reader.ts";
import { heldBytes, onePart } from "./index-store.ts";
import {
  abortOf,
  encodeHello,
  encodeMessage,
  flagsOf,
  helloFlags as flags,
  helloOf,
  type Message,
  messageTypes as types,
  readMessage,
} from "./protocol.ts";
import { getPlaced } from "./read-blob.ts";
import { writeInTurn } from "./write-in-turn.ts";

/** What takes what is pushed: an index with the chunks it names, or an archive. */
export interface PushTarget {
  /** Where chunks are left that it lacks, named by this digest. */
  readonly store?: (digest: ChunkDigest) => ChunkWriter;
  /** Keeps an index, all chunks of which are in the store. */
  readonly index?: (content: AsyncIterable<Bytes>) => Promise<void>;
  /** Keeps an archive. */
  readonly archive?: (content: AsyncIterable<Bytes>) => Promise<void>;
  /** The form of compressed chunks. */
  readonly coding: ChunkCoding;
}

const wishesOfIndex = flags.pushIndex | flags.pushChunks | flags.pushIndexChunks;

/**
 * Takes what one pushes by the remote protocol of casync, which is kept when all of it is here.
 *
 * @throws BAD_MESSAGE for what breaks the protocol or is no index, UNSUPPORTED for what is not
 *   taken here, LIMIT for an index that is too long to be held, CORRUPT, PEER_GONE, USAGE when
 *   nothing is
 */
export async function servePush(channel: ByteChannel, target: PushTarget): Promise<void> {
  const { store, index, archive } = target;
  const taken = flagsOf({ writableStore: store, writableIndex: index, writableArchive: archive });
  const reader = new ExactReader(channel.read());
  try {
    await channel.write(encodeHello(taken));
    const wishes = helloOf(await readMessage(reader)) & ~(flags.readableStore | flags.readableIndex);
    if (wishes === wishesOfIndex && index && store) await takeIndex(channel, reader, target);
    else if (wishes === flags.pushArchive && archive)
      await archive(piecesOf(reader, types.archive, types.archiveEof));
    else throw new SyncError("UNSUPPORTED", "the other end pushes what is not taken here");
    await channel.write(encodeMessage(types.goodbye));
    await channel.end();
    await reader.readByte(); // whoever is cut off may not have heard the goodbye
  } finally {
    await channel.end().catch(() => {});
    await reader.close();
  }
}

async function takeIndex(
  channel: ByteChannel,
  reader: ExactReader,
  { store: open, index: keep, coding }: PushTarget,
): Promise<void> {
  const content = await heldBytes(piecesOf(reader, types.index, types.indexEof));
  const index = await readIndex(onePart(content));
  const digest = digestOfIndex(index);
  await using store = open!(digest);
  const asked = new AskedChunks({ coding, digest, write: writeInTurn(channel) });
  let isListening = false;
  /** Reads while an answer is to come, and no further: the last message is the peer's. */
  const listen = async (): Promise<void> => {
    if (isListening) return;
    isListening = true;
    while (asked.isWaiting) asked.take(await nextMessage(reader));
    isListening = false;
  };
  const get: ChunkReader["get"] = (id, options) => {
    const answer = asked.ask(id, options);
    listen().catch((thrown) => asked.fail(thrown));
    return answer;
  };
  const fetch = async (chunk: IndexChunk): Promise<void> => {
    const isThere = await (store.renew ?? store.has)(chunk.id);
    if (!isThere) await store.put(await getPlaced({ get }, chunk));
  };
  await inAnyOrder(eachChunk(index), chunksUnderWay(undefined, sizeOf), sharingUnderWay(fetch));
  await keep!(onePart(content));
}

/** Does it once for all that ask for a chunk until it is done. */
function sharingUnderWay(fetch: (chunk: IndexChunk) => Promise<void>): (chunk: IndexChunk) => Promise<void> {
  const underWay = new Map<string, Promise<void>>();
  return (chunk) => {
    const key = keyOf(chunk.id);
    const before = underWay.get(key);
    if (before) return before;
    const done = fetch(chunk).finally(() => underWay.delete(key));
    underWay.set(key, done);
    return done;
  };
}

/** The pieces of an index or archive up to its end. @throws BAD_MESSAGE, PEER_GONE */
async function* piecesOf(reader: ExactReader, type: bigint, end: bigint): AsyncGenerator<Bytes> {
  for (;;) {
    const message = await nextMessage(reader);
    if (message.type === end) return;
    if (message.type !== type || message.body.length === 0)
      throw new SyncError("BAD_MESSAGE", "a message of casync is out of place");
    yield message.body;
  }
}

async function nextMessage(reader: ExactReader): Promise<Message> {
  const message = await readMessage(reader);
  if (message === undefined || message.type === types.goodbye)
    throw new SyncError("PEER_GONE", "the other end has gone before all was here");
  if (message.type === types.abort) throw abortOf(message);
  return message;
}
