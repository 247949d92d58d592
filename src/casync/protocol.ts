import { concatBytes } from "../bytes/compare.ts";
import type { ExactReader } from "../bytes/exact-reader.ts";
import { idBytes } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { readSize, readWord, viewOf, words } from "./words.ts";

/** Types of the messages of casync's remote protocol. */
export const messageTypes = Object.freeze({
  hello: 0x3c71d0948ca5fbeen,
  index: 0xb32a91dd2b3e27f8n,
  indexEof: 0x4f0932f1043718f5n,
  archive: 0x95d6428a69eddcc5n,
  archiveEof: 0x450bef663f24cbadn,
  request: 0x8ab427e0f89d9210n,
  chunk: 0x5213dd180a84bc8cn,
  missing: 0xd010f9fac82b7b6cn,
  goodbye: 0xad205dbf1a3686c3n,
  abort: 0xe7d9136b7efea352n,
});

/** What the ends of a session offer and want, as bits of a HELLO. */
export const helloFlags = Object.freeze({
  readableStore: 0x1n,
  writableStore: 0x2n,
  readableIndex: 0x4n,
  writableIndex: 0x8n,
  readableArchive: 0x10n,
  writableArchive: 0x20n,
  pullChunks: 0x40n,
  pullIndex: 0x80n,
  pullArchive: 0x100n,
  pushChunks: 0x200n,
  pushIndex: 0x400n,
  pushIndexChunks: 0x800n,
  pushArchive: 0x1000n,
});

/** Bytes of a message, with its size and type. */
export const maxCasyncMessageBytes = 16_777_216;

/** Bytes of the size and type of a message. */
const headBytes = 16;
const knownFlags = 0x1fffn;

/** A message that was read. */
export interface Message {
  readonly type: bigint;
  readonly body: Bytes;
}

/** The bytes of a message. */
export function encodeMessage(type: bigint, ...parts: readonly Bytes[]): Bytes {
  const bodyBytes = parts.reduce((sum, { length }) => sum + length, 0);
  return concatBytes([words(headBytes + bodyBytes, type), ...parts]);
}

/** The flags of those things that there are. */
export function flagsOf(things: { readonly [Name in keyof typeof helloFlags]?: unknown }): bigint {
  const names = Object.keys(things) as (keyof typeof helloFlags)[];
  return names.reduce((all, name) => (things[name] === undefined ? all : all | helloFlags[name]), 0n);
}

/** A HELLO. @throws USAGE for one that offers and wants nothing */
export function encodeHello(flags: bigint): Bytes {
  if (flags === 0n) throw new SyncError("USAGE", "nothing is offered");
  return encodeMessage(messageTypes.hello, words(flags));
}

/** A REQUEST for chunks that are waited for. */
export function encodeRequest(id: Bytes): Bytes {
  return encodeMessage(messageTypes.request, words(1), id);
}

/** A CHUNK, in compressed form. */
export function encodeChunk(id: Bytes, stored: Bytes): Bytes {
  return encodeMessage(messageTypes.chunk, words(1), id, stored);
}

/** The next message, or undefined at the end. @throws BAD_MESSAGE, TRUNCATED, LIMIT */
export async function readMessage(reader: ExactReader): Promise<Message | undefined> {
  const first = await reader.readByte();
  if (first === undefined) return undefined;
  const head = concatBytes([Uint8Array.of(first), await reader.read(headBytes - 1)]);
  const size = readSize(viewOf(head), 0);
  if (size < headBytes) throw new SyncError("BAD_MESSAGE", "a message of casync is too short");
  if (size > maxCasyncMessageBytes)
    throw new SyncError("LIMIT", "a message of casync is too long", {
      detail: { limit: maxCasyncMessageBytes, actual: size },
    });
  return { type: readWord(viewOf(head), 8), body: (await reader.read(size - headBytes)).slice() };
}

/** The flags of a HELLO. @throws BAD_MESSAGE for any other message, and flags that cannot be */
export function helloOf(message: Message | undefined): bigint {
  if (message?.type !== messageTypes.hello || message.body.length !== 8)
    throw new SyncError("BAD_MESSAGE", "the other end does not speak the protocol of casync");
  const flags = readWord(viewOf(message.body), 0);
  if (flags === 0n || (flags & ~knownFlags) !== 0n)
    throw new SyncError("BAD_MESSAGE", "the other end has illegal wishes");
  return flags;
}

/** The ids that a REQUEST is for. @throws BAD_MESSAGE */
export function requestedIds({ body }: Message): Bytes[] {
  const count = (body.length - 8) / idBytes;
  const isKnown = body.length >= 8 && readWord(viewOf(body), 0) <= 1n;
  if (!isKnown || count < 1 || !Number.isInteger(count))
    throw new SyncError("BAD_MESSAGE", "a request for chunks is illegal");
  return Array.from({ length: count }, (_, i) => body.slice(8 + i * idBytes, 8 + (i + 1) * idBytes));
}

/** What an ABORT says, as an error. */
export function abortOf({ body }: Message): SyncError {
  const text = new TextDecoder().decode(body.subarray(8)).replaceAll(/[^\x20-\x7e]/g, "");
  return new SyncError("UPSTREAM", `the other end gave up: ${text || "no reason given"}`, { remote: true });
}
