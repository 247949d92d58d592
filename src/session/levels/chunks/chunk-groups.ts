import { ByteReader, ByteWriter } from "../../../bytes/cursor.ts";
import { idBytes } from "../../../chunk/chunk.ts";
import { codeOfWire, errorCodes, SyncError } from "../../../errors.ts";
import type { SyncErrorCode } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import { readBits, writeBits } from "../../wishes.ts";

/** A part of one file's chunk list, as a CHUNKS frame carries it. */
export interface ChunkGroup {
  readonly entry: number;
  readonly sizes: readonly number[];
  /** 32 bytes for each size. */
  readonly ids: Bytes;
  /**
   * For content that was not asked for: 1 = it follows in a PUSH frame, 0 = the receiver has it or
   * will.
   */
  readonly pushed?: readonly boolean[] | undefined;
  /** Set on the last group of a file. */
  readonly end?: "complete" | SyncErrorCode | undefined;
}

const endFlag = 0x01;
const pushedFlag = 0x02;
const failedFlag = 0x04;

/**
 * Encodes chunk lists as a CHUNKS payload (docs/protocol.md §6.4).
 *
 * @param sentIdBytes bytes of each id that are sent; zeros follow them
 */
export function encodeChunkGroups(groups: readonly ChunkGroup[], sentIdBytes = idBytes): Bytes {
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
    writeIds(out, ids, sentIdBytes);
    if (pushed !== undefined) writeBits(out, pushed);
  }
  return out.finish();
}

/**
 * @param payload what it returns has views of it
 * @param maxChunkBytes the longest chunk that the session's cutter makes
 * @param sentIdBytes bytes of each id that were sent
 * @throws BAD_MESSAGE, ILLEGAL_LENGTH for a chunk that is empty or too long
 */
export function decodeChunkGroups(
  payload: Bytes,
  maxChunkBytes: number,
  sentIdBytes = idBytes,
): ChunkGroup[] {
  const input = new ByteReader(payload);
  const groups: ChunkGroup[] = [];
  while (input.remaining > 0) groups.push(readChunkGroup(input, maxChunkBytes, sentIdBytes));
  return groups;
}

function writeIds(out: ByteWriter, ids: Bytes, sentIdBytes: number): void {
  if (sentIdBytes === idBytes) return out.bytes(ids);
  for (let at = 0; at < ids.length; at += idBytes) out.bytesFrom(ids, at, at + sentIdBytes);
}

function readIds(input: ByteReader, count: number, sentIdBytes: number): Bytes {
  const sent = input.bytes(count * sentIdBytes);
  if (sentIdBytes === idBytes) return sent;
  const ids = new Uint8Array(count * idBytes);
  for (let i = 0; i < count; i++)
    for (let at = 0; at < sentIdBytes; at++) ids[i * idBytes + at] = sent[i * sentIdBytes + at]!;
  return ids;
}

function readChunkGroup(input: ByteReader, maxChunkBytes: number, sentIdBytes: number): ChunkGroup {
  const entry = input.uvarint();
  const flags = input.u8();
  if (flags > 7 || ((flags & failedFlag) !== 0 && (flags & endFlag) === 0)) {
    throw new SyncError("BAD_MESSAGE", `unknown chunk list flags 0x${flags.toString(16)}`);
  }
  const end = (flags & failedFlag) !== 0 ? codeOfWire(input.uvarint()) : ("complete" as const);
  const count = input.uvarint();
  // Otherwise three bytes could be a group, and a frame of zeros, which compresses to next to
  // nothing, 350,000.
  if (count === 0 && (flags & endFlag) === 0)
    throw new SyncError("BAD_MESSAGE", "an empty part of a chunk list");
  if (count > input.remaining) throw new SyncError("BAD_MESSAGE", "a chunk list is longer than its frame");
  const sizes = new Array<number>(count);
  for (let i = 0; i < count; i++) {
    const size = input.uvarint();
    if (size === 0 || size > maxChunkBytes)
      throw new SyncError("ILLEGAL_LENGTH", `illegal chunk length: ${size}`);
    sizes[i] = size;
  }
  const ids = readIds(input, count, sentIdBytes);
  const pushed = (flags & pushedFlag) === 0 ? undefined : readBits(input, count);
  return { entry, sizes, ids, pushed, end: (flags & endFlag) === 0 ? undefined : end };
}
