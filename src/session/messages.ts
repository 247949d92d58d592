import { Packr } from "msgpackr";

import { BitReader, BitWriter } from "../bytes/bits.ts";
import { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { idBytes } from "../chunk/chunk.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import { codeOfWire, errorCodes, SyncError } from "../errors.ts";
import type { SyncErrorCode } from "../errors.ts";
import type { Layout } from "../tree/tree.ts";
import type { Bytes } from "../types.ts";
import { sessionLimits } from "./limits.ts";

/** The version of the protocol that this library speaks. */
export const protocolVersion = 1;

/**
 * How content travels. `duplex`: the receiver answers. `one-way`: nothing comes back, the stream holds all.
 * `list`: a one-way stream without content, which tells what a tree holds.
 */
export type Mode = "duplex" | "one-way" | "list";

/** The sender's HELLO: it states what the session will be. */
export interface SenderHello {
  readonly role: "sender";
  readonly mode: Mode;
  readonly layout: Layout;
  readonly digest: string;
  readonly cutter: CutterSpec;
  /** What the compressed flag of a frame means. */
  readonly compression: string;
  readonly features: readonly string[];
  readonly nonce: Bytes;
}

/** Bytes that one end lets the other have under way at each level. */
export interface Windows {
  readonly entries: number;
  readonly chunks: number;
  readonly data: number;
}

/** The receiver's HELLO: what it can take. */
export interface ReceiverHello {
  readonly role: "receiver";
  readonly digests: readonly string[];
  readonly cutters: readonly string[];
  readonly compressions: readonly string[];
  readonly windows: Windows;
  readonly features: readonly string[];
  readonly nonce: Bytes;
}

/** A part of one file's chunk list, as a CHUNKS frame carries it. */
export interface ChunkGroup {
  readonly entry: number;
  readonly sizes: readonly number[];
  /** 32 bytes for each size. */
  readonly ids: Bytes;
  /** For content that was not asked for: 1 = it follows in a PUSH frame, 0 = the receiver has it or will. */
  readonly pushed?: readonly boolean[];
  /** Set on the last group of a file. */
  readonly end?: "complete" | SyncErrorCode;
}

/** The receiver's answer to files, in the order in which they were listed. */
export interface FileWish {
  readonly wanted: boolean;
  /** Nothing of it is here: send the content with the list. */
  readonly all: boolean;
}

/** The sender's last words; the frame's own check vouches for all before it. */
export interface EndMessage {
  readonly entries: number;
  readonly files: number;
  readonly chunks: number;
  readonly chunkBytes: number;
  /** Paths of the source that could not be listed or read. */
  readonly troubles: number;
  /** The transcript of the sender's direction before this frame: the digest of the whole. */
  readonly transcript: Bytes;
}

/** The receiver's last words. */
export interface DoneMessage {
  readonly entries: number;
  readonly files: number;
  readonly failed: number;
  /** The receiver's own transcript of the sender's direction before END. */
  readonly transcript: Bytes;
}

const packr = new Packr({ useRecords: false, variableMapSize: true });

/** One decoded tuple with checked access to its members; more members than asked for are ignored. */
class Tuple {
  readonly #members: readonly unknown[];
  #next = 0;

  constructor(payload: Bytes) {
    let value: unknown;
    try {
      value = packr.unpack(payload);
    } catch (cause) {
      throw new SyncError("BAD_MESSAGE", "a message is not well formed", { cause });
    }
    if (!Array.isArray(value)) throw new SyncError("BAD_MESSAGE", "a message is not a tuple");
    this.#members = value;
  }

  count(limit = Number.MAX_SAFE_INTEGER): number {
    const value = this.#take();
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > limit) {
      throw new SyncError("BAD_MESSAGE", "a number of a message is missing or out of range");
    }
    return value;
  }

  /** A count that is divided by or waited for: nothing would ever fit into zero. */
  positive(): number {
    const value = this.count();
    if (value === 0) throw new SyncError("BAD_MESSAGE", "a number of a message is zero");
    return value;
  }

  text(): string {
    const value = this.#take();
    if (typeof value !== "string") throw new SyncError("BAD_MESSAGE", "a text of a message is missing");
    return value;
  }

  texts(): string[] {
    const value = this.#take();
    if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) {
      throw new SyncError("BAD_MESSAGE", "a list of texts is missing from a message");
    }
    return value;
  }

  bytes(length: number): Bytes {
    const value = this.#take();
    if (!(value instanceof Uint8Array) || value.length !== length) {
      throw new SyncError("BAD_MESSAGE", `${length} bytes are missing from a message`);
    }
    return Uint8Array.from(value);
  }

  oneOf<const T extends string>(allowed: readonly T[]): T {
    const value = this.text();
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw new SyncError("UNSUPPORTED", `"${escaped(value)}" is not known here`);
    return found;
  }

  #take(): unknown {
    return this.#members[this.#next++];
  }
}

const nonceBytes = 16;

/** Encodes a HELLO (docs/protocol.md §6.1). */
export function encodeHello(hello: SenderHello | ReceiverHello): Bytes {
  if (hello.role === "sender") {
    const { name, minBytes, averageBytes, maxBytes } = hello.cutter;
    return packr.pack([
      protocolVersion,
      hello.role,
      hello.nonce,
      hello.features,
      hello.mode,
      hello.layout,
      hello.digest,
      hello.compression,
      name,
      minBytes,
      averageBytes,
      maxBytes,
    ]);
  }
  const { entries, chunks, data } = hello.windows;
  return packr.pack([
    protocolVersion,
    hello.role,
    hello.nonce,
    hello.features,
    hello.digests,
    hello.cutters,
    hello.compressions,
    entries,
    chunks,
    data,
  ]);
}

/**
 * Decodes the HELLO that the end with this role must have sent.
 *
 * @throws UNSUPPORTED when the versions do not meet or it is the wrong end, BAD_MESSAGE
 */
export function decodeHello(payload: Bytes, role: "sender"): SenderHello;
export function decodeHello(payload: Bytes, role: "receiver"): ReceiverHello;
export function decodeHello(payload: Bytes, role: "sender" | "receiver"): SenderHello | ReceiverHello {
  const tuple = new Tuple(payload);
  const version = tuple.count();
  if (version !== protocolVersion) {
    throw new SyncError(
      "UNSUPPORTED",
      `the other end speaks protocol version ${version}, this one ${protocolVersion}`,
    );
  }
  const found = tuple.oneOf(["sender", "receiver"]);
  if (found !== role) throw new SyncError("UNSUPPORTED", `both ends are ${found}s`);
  const nonce = tuple.bytes(nonceBytes);
  const features = tuple.texts();
  if (role === "sender") {
    const mode = tuple.oneOf(["duplex", "one-way", "list"]);
    const layout = tuple.oneOf(["contents", "named"]);
    const digest = tuple.text();
    const compression = tuple.text();
    const name = tuple.oneOf(["cafs", "fastcdc", "fixed"]);
    const cutter = { name, minBytes: tuple.count(), averageBytes: tuple.count(), maxBytes: tuple.count() };
    return { role, mode, layout, digest, cutter, compression, features, nonce };
  }
  const digests = tuple.texts();
  const cutters = tuple.texts();
  const compressions = tuple.texts();
  const windows = { entries: tuple.positive(), chunks: tuple.positive(), data: tuple.positive() };
  return { role, digests, cutters, compressions, windows, features, nonce };
}

/** Encodes the answer to files: a count, a bit each for `wanted`, then a bit for each wanted one for `all`. */
export function encodeFileWishes(wishes: readonly FileWish[]): Bytes {
  const wanted = new BitWriter();
  const all = new BitWriter();
  for (const wish of wishes) {
    wanted.push(wish.wanted);
    if (wish.wanted) all.push(wish.all);
  }
  const out = new ByteWriter();
  out.uvarint(wishes.length);
  out.bytes(wanted.finish());
  out.bytes(all.finish());
  return out.finish();
}

/**
 * @param limit how many answers may still come
 * @throws BAD_MESSAGE, UNSOLICITED for more answers than there were questions
 */
export function decodeFileWishes(payload: Bytes, limit: number): FileWish[] {
  const input = new ByteReader(payload);
  const count = readCount(input, limit);
  const wanted = readBits(input, count);
  const all = readBits(input, wanted.filter(Boolean).length);
  input.end();
  let next = 0;
  return wanted.map((one) => ({ wanted: one, all: one && all[next++] === true }));
}

/** Encodes the answer to chunks: a count and a bit each. */
export function encodeChunkWishes(wishes: readonly boolean[]): Bytes {
  const out = new ByteWriter();
  out.uvarint(wishes.length);
  writeBits(out, wishes);
  return out.finish();
}

/** @see decodeFileWishes */
export function decodeChunkWishes(payload: Bytes, limit: number): boolean[] {
  const input = new ByteReader(payload);
  const wishes = readBits(input, readCount(input, limit));
  input.end();
  return wishes;
}

function readCount(input: ByteReader, limit: number): number {
  const count = input.uvarint();
  if (count > limit) throw new SyncError("UNSOLICITED", `${count} answers to ${limit} questions`);
  return count;
}

function writeBits(out: ByteWriter, bits: readonly boolean[]): void {
  const writer = new BitWriter();
  for (const bit of bits) writer.push(bit);
  out.bytes(writer.finish());
}

/** Reads `count` bits; those that only fill the last byte must be 0. */
function readBits(input: ByteReader, count: number): boolean[] {
  const bytes = input.bytes(Math.ceil(count / 8));
  const reader = new BitReader(bytes);
  const bits: boolean[] = [];
  for (let i = 0; i < count; i++) bits.push(reader.next());
  for (let i = count; i < bytes.length * 8; i++) {
    if (reader.next()) throw new SyncError("BAD_MESSAGE", "a fill bit of a wishlist is set");
  }
  return bits;
}

const endFlag = 0x01;
const pushedFlag = 0x02;
const failedFlag = 0x04;

/** Encodes chunk lists as a CHUNKS payload (docs/protocol.md §6.4). */
export function encodeChunkGroups(groups: readonly ChunkGroup[]): Bytes {
  const out = new ByteWriter();
  for (const { entry, sizes, ids, pushed, end } of groups) {
    const failed = end !== undefined && end !== "complete";
    out.uvarint(entry);
    out.u8(
      (end === undefined ? 0 : endFlag) | (pushed === undefined ? 0 : pushedFlag) | (failed ? failedFlag : 0),
    );
    if (failed) out.uvarint(errorCodes[end].wire);
    out.uvarint(sizes.length);
    for (const size of sizes) out.uvarint(size);
    out.bytes(ids);
    if (pushed !== undefined) writeBits(out, pushed);
  }
  return out.finish();
}

/**
 * @param maxChunkBytes the longest chunk that the session's cutter makes
 * @throws BAD_MESSAGE, ILLEGAL_LENGTH for a chunk that is empty or too long
 */
export function decodeChunkGroups(payload: Bytes, maxChunkBytes: number): ChunkGroup[] {
  const input = new ByteReader(payload);
  const groups: ChunkGroup[] = [];
  while (input.remaining > 0) groups.push(readChunkGroup(input, maxChunkBytes));
  return groups;
}

function readChunkGroup(input: ByteReader, maxChunkBytes: number): ChunkGroup {
  const entry = input.uvarint();
  const flags = input.u8();
  if (flags > 7 || ((flags & failedFlag) !== 0 && (flags & endFlag) === 0)) {
    throw new SyncError("BAD_MESSAGE", `unknown chunk list flags 0x${flags.toString(16)}`);
  }
  const end = (flags & failedFlag) !== 0 ? codeOfWire(input.uvarint()) : ("complete" as const);
  const count = input.uvarint();
  if (count > input.remaining) throw new SyncError("BAD_MESSAGE", "a chunk list is longer than its frame");
  const sizes: number[] = [];
  for (let i = 0; i < count; i++) {
    const size = input.uvarint();
    if (size === 0 || size > maxChunkBytes)
      throw new SyncError("ILLEGAL_LENGTH", `illegal chunk length: ${size}`);
    sizes.push(size);
  }
  const ids = input.bytes(count * idBytes);
  const pushed = (flags & pushedFlag) === 0 ? {} : { pushed: readBits(input, count) };
  return { entry, sizes, ids, ...pushed, ...((flags & endFlag) === 0 ? {} : { end }) };
}

/** Encodes one or more numbers, each a uvarint: CREDIT (entries, chunks, data) and SKIP (count). */
export function encodeCounts(...counts: readonly number[]): Bytes {
  const out = new ByteWriter();
  for (const count of counts) out.uvarint(count);
  return out.finish();
}

/** @throws BAD_MESSAGE when there are not exactly that many */
export function decodeCounts(payload: Bytes, howMany: number): number[] {
  const input = new ByteReader(payload);
  const counts = Array.from({ length: howMany }, () => input.uvarint());
  input.end();
  return counts;
}

export function encodeEnd(end: EndMessage): Bytes {
  return packr.pack([end.entries, end.files, end.chunks, end.chunkBytes, end.troubles, end.transcript]);
}

export function decodeEnd(payload: Bytes): EndMessage {
  const tuple = new Tuple(payload);
  return {
    entries: tuple.count(),
    files: tuple.count(),
    chunks: tuple.count(),
    chunkBytes: tuple.count(),
    troubles: tuple.count(),
    transcript: tuple.bytes(32),
  };
}

export function encodeDone(done: DoneMessage): Bytes {
  return packr.pack([done.entries, done.files, done.failed, done.transcript]);
}

export function decodeDone(payload: Bytes): DoneMessage {
  const tuple = new Tuple(payload);
  return { entries: tuple.count(), files: tuple.count(), failed: tuple.count(), transcript: tuple.bytes(32) };
}

/** Encodes what ends a session (ERROR), or, with an entry's number before it, what befell one entry (FAILED). */
export function encodeError(error: SyncError, entry?: number): Bytes {
  const message = error.message.slice(0, sessionLimits.messageChars);
  const tuple = [errorCodes[error.code].wire, message];
  return packr.pack(entry === undefined ? tuple : [entry, ...tuple]);
}

export function decodeError(payload: Bytes): SyncError {
  return readError(new Tuple(payload));
}

/** @param limit how many entries there are */
export function decodeFailed(payload: Bytes, limit: number): { entry: number; error: SyncError } {
  const tuple = new Tuple(payload);
  return { entry: tuple.count(limit - 1), error: readError(tuple) };
}

function readError(tuple: Tuple): SyncError {
  const code = codeOfWire(tuple.count());
  return new SyncError(code, escaped(tuple.text()).slice(0, sessionLimits.messageChars), { remote: true });
}

/** A peer's text may be printed: control characters and direction overrides become `?`. */
function escaped(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?");
}
