import { ExactReader } from "../bytes/exact-reader.ts";
import { SyncError } from "../errors.ts";
import type { ByteChannel } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";
import {
  abortOf,
  encodeChunk,
  encodeHello,
  encodeMessage,
  flagsOf,
  helloFlags as flags,
  helloOf,
  messageTypes as types,
  readMessage,
  requestedIds,
} from "./protocol.ts";

/** What is offered to who pulls. */
export interface PullOffer {
  /** The chunk with an id as it is stored, compressed; undefined when it is missing or damaged. */
  readonly stored?: (id: Bytes) => Promise<Bytes | undefined>;
  readonly index?: () => AsyncIterable<Bytes>;
  readonly archive?: () => AsyncIterable<Bytes>;
}

/**
 * Serves one who pulls by the remote protocol of casync, until that one goes.
 *
 * @throws BAD_MESSAGE for what breaks the protocol, UNSUPPORTED for what is not offered, PEER_GONE,
 *   USAGE when nothing is offered
 */
export async function servePull(channel: ByteChannel, offer: PullOffer): Promise<void> {
  const { stored, index, archive } = offer;
  const offered = flagsOf({ readableStore: stored, readableIndex: index, readableArchive: archive });
  const reader = new ExactReader(channel.read());
  try {
    await channel.write(encodeHello(offered));
    const first = await readMessage(reader);
    if (first === undefined) return;
    const wishes = helloOf(first);
    checkWishes(wishes, offer);
    if ((wishes & flags.pullIndex) !== 0n) {
      await sendPieces(channel, offer.index!(), types.index);
      await channel.write(encodeMessage(types.indexEof));
    }
    if ((wishes & flags.pullArchive) !== 0n) {
      await sendPieces(channel, offer.archive!(), types.archive);
      await channel.write(encodeMessage(types.archiveEof));
    }
    await answerRequests(channel, reader, offer);
  } finally {
    await channel.end().catch(() => {});
    await reader.close();
  }
}

function checkWishes(wishes: bigint, { stored, index, archive }: PullOffer): void {
  const all = flagsOf({ pullChunks: stored, pullIndex: index, pullArchive: archive });
  const wanted = wishes & ~(flags.readableStore | flags.readableIndex | flags.readableArchive);
  if (wanted === 0n || (wanted & ~all) !== 0n)
    throw new SyncError("UNSUPPORTED", "the other end wants what is not offered");
}

async function answerRequests(
  channel: ByteChannel,
  reader: ExactReader,
  { stored }: PullOffer,
): Promise<void> {
  for (;;) {
    const message = await readMessage(reader);
    if (message === undefined || message.type === types.goodbye) return;
    if (message.type === types.abort) throw abortOf(message);
    if (message.type !== types.request || !stored)
      throw new SyncError("BAD_MESSAGE", "a message of casync is out of place");
    for (const id of requestedIds(message)) {
      const bytes = await stored(id);
      await channel.write(bytes ? encodeChunk(id, bytes) : encodeMessage(types.missing, id));
    }
  }
}

/** Bytes of a piece of an index or archive. */
const pieceBytes = 65_536;

/** Sends an index or archive in pieces. */
export async function sendPieces(
  channel: Pick<ByteChannel, "write">,
  blocks: AsyncIterable<Bytes>,
  type: bigint,
): Promise<void> {
  for await (const block of blocks)
    for (let at = 0; at < block.length; at += pieceBytes)
      await channel.write(encodeMessage(type, block.subarray(at, at + pieceBytes)));
}
