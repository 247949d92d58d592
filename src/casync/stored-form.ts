import { toHex } from "../bytes/hex.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { maxChunkBytes } from "../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { ChunkCoding } from "./chunk-coding.ts";

/** A stored chunk is longer than its content by no more. */
const overheadBytes = 1_048_576;

/** Bytes that a chunk may have in the form in which it is kept or travels. */
export const maxStoredBytes = maxChunkBytes + overheadBytes;

/**
 * The chunk that is kept elsewhere in some form.
 *
 * @param path of it there, for messages
 * @throws CORRUPT for another one, and for one that is damaged; UNSUPPORTED
 */
export function verifyStored(
  id: ChunkId,
  stored: Bytes,
  coding: ChunkCoding,
  digest: ChunkDigest,
  path: string,
): Chunk {
  try {
    return verifyChunk(id, coding.decode(stored, maxChunkBytes), digest);
  } catch (cause) {
    if (isSyncError(cause, "UNSUPPORTED")) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SyncError("CORRUPT", `chunk ${toHex(id)} is damaged at the server: ${message}`, {
      cause,
      detail: { path },
    });
  }
}
