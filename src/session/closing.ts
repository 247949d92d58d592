import { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { codeOfWire, errorCodes, SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { sessionLimits } from "./limits.ts";
import { encodeTuple, escaped, Tuple } from "./tuple.ts";

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

/** Encodes an END payload: a tuple (docs/protocol.md §6.7). */
export function encodeEnd(end: EndMessage): Bytes {
  return encodeTuple([end.entries, end.files, end.chunks, end.chunkBytes, end.troubles, end.transcript]);
}

/** Decodes an END payload. @throws BAD_MESSAGE */
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

/** Encodes a DONE payload: a tuple (docs/protocol.md §6.7). */
export function encodeDone(done: DoneMessage): Bytes {
  return encodeTuple([done.entries, done.files, done.failed, done.transcript]);
}

/** Decodes a DONE payload. @throws BAD_MESSAGE */
export function decodeDone(payload: Bytes): DoneMessage {
  const tuple = new Tuple(payload);
  return { entries: tuple.count(), files: tuple.count(), failed: tuple.count(), transcript: tuple.bytes(32) };
}

/** Encodes what ends a session (ERROR), or, with an entry's number before it, what befell one entry (FAILED). */
export function encodeError(error: SyncError, entry?: number): Bytes {
  const message = error.message.slice(0, sessionLimits.messageChars);
  const tuple = [errorCodes[error.code].wire, message];
  return encodeTuple(entry === undefined ? tuple : [entry, ...tuple]);
}

/** What an ERROR frame says, marked as remote. @throws BAD_MESSAGE */
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
