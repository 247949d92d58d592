import { decodeByteText, encodeByteText, hasOtherBytes } from "../bytes/byte-text.ts";
import { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { codeOfWire, errorCodes, SyncError, withPath } from "../errors.ts";
import { maxPathBytes } from "../tree/entry/entry-order.ts";
import type { Bytes } from "../types.ts";
import { sessionLimits } from "./limits.ts";
import { encodeTuple, escaped, Tuple } from "./tuple.ts";

/** The sender's last words; the frame's own check vouches for all before it. */
interface EndMessage {
  readonly entries: number;
  readonly files: number;
  readonly chunks: number;
  readonly chunkBytes: number;
  /** Paths of the source that could not be listed or read. */
  readonly troubles: number;
  /** How many of them are about something of an entry that cannot be told; the entry itself is. */
  readonly untold: number;
  /** Entries that were not listed because they lie in directories that are complete. */
  readonly sameEntries: number;
  /** The transcript of the sender's direction before this frame: the digest of the whole. */
  readonly transcript: Bytes;
}

/** The receiver's last words. */
export interface DoneMessage {
  readonly entries: number;
  readonly files: number;
  readonly failed: number;
  /** Files and directories that were deleted because the sender does not have them. */
  readonly deleted: number;
  /** Bytes that other sessions have yet to bring before files of this one are complete. */
  readonly missingBytes: number;
  /** The receiver's own transcript of the sender's direction before END. */
  readonly transcript: Bytes;
}

/** Encodes one or more numbers, each a uvarint. */
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
  const { entries, files, chunks, chunkBytes, troubles, untold, sameEntries, transcript } = end;
  return encodeTuple([entries, files, chunks, chunkBytes, troubles, untold, sameEntries, transcript]);
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
    untold: tuple.count(),
    sameEntries: tuple.count(),
    transcript: tuple.bytes(32),
  };
}

/** Encodes a DONE payload: a tuple (docs/protocol.md §6.7). */
export function encodeDone(done: DoneMessage): Bytes {
  const { entries, files, failed, deleted, missingBytes, transcript } = done;
  return encodeTuple([entries, files, failed, deleted, missingBytes, transcript]);
}

/** Decodes a DONE payload. @throws BAD_MESSAGE */
export function decodeDone(payload: Bytes): DoneMessage {
  const tuple = new Tuple(payload);
  return {
    entries: tuple.count(),
    files: tuple.count(),
    failed: tuple.count(),
    deleted: tuple.count(),
    missingBytes: tuple.count(),
    transcript: tuple.bytes(32),
  };
}

/** Encodes what ends a session: an ERROR payload, a tuple (docs/protocol.md §6.8). */
export function encodeError(error: SyncError): Bytes {
  const path = error.detail.path ?? "";
  // A path from the top of this system on is no business of the other end.
  const isTold = !/^(?:[/\\]|[a-z]:)/i.test(path) && path.length <= sessionLimits.messageChars;
  return encodeTuple([...describe(error), ...pathMembers(isTold ? path : "")]);
}

/** Encodes what befell one entry: a FAILED payload, a tuple with the entry's number and path. */
export function encodeFailed(error: SyncError, entry: number): Bytes {
  return encodeTuple([entry, ...describeAt(error)]);
}

/** Encodes what befell a path that is no entry: an UNLISTED payload, a tuple with the path. */
export function encodeUnlisted(error: SyncError): Bytes {
  return encodeTuple(describeAt(error));
}

function describeAt(error: SyncError): unknown[] {
  return [...describe(error), ...pathMembers(error.detail.path ?? "")];
}

/** A path as text, or nothing and its bytes behind it where they are no UTF-8. */
function pathMembers(path: string): [string] | [string, Bytes] {
  return hasOtherBytes(path) ? ["", encodeByteText(path)] : [path];
}

function readPath(tuple: Tuple): string {
  const text = tuple.text();
  const bytes = tuple.bytesIfAny(maxPathBytes);
  return bytes ? decodeByteText(bytes) : text.slice(0, maxPathBytes);
}

function describe({ code, message }: SyncError): [number, string] {
  return [errorCodes[code].wire, message.slice(0, sessionLimits.messageChars)];
}

/** What an ERROR frame says, marked as remote. @throws BAD_MESSAGE */
export function decodeError(payload: Bytes): SyncError {
  return readErrorAt(new Tuple(payload));
}

/** @param limit how many entries there are */
export function decodeFailed(payload: Bytes, limit: number): { entry: number; error: SyncError } {
  const tuple = new Tuple(payload);
  const entry = tuple.count(limit - 1);
  return { entry, error: readErrorAt(tuple) };
}

/** What an UNLISTED frame says, marked as remote. @throws BAD_MESSAGE */
export function decodeUnlisted(payload: Bytes): SyncError {
  return readErrorAt(new Tuple(payload));
}

function readErrorAt(tuple: Tuple): SyncError {
  const error = readError(tuple);
  return withPath(error, readPath(tuple));
}

function readError(tuple: Tuple): SyncError {
  const code = codeOfWire(tuple.count());
  return new SyncError(code, escaped(tuple.text()).slice(0, sessionLimits.messageChars), { remote: true });
}
