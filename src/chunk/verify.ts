import { equalBytes } from "../bytes/compare.ts";
import { toHex } from "../bytes/hex.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { Chunk, ChunkId } from "./chunk.ts";
import { sha256 } from "./digest.ts";

/** Names bytes by their digest. The chunk keeps `bytes`, it does not copy them. */
export function chunkOf(bytes: Bytes): Chunk {
  return { id: sha256(bytes), bytes } as Chunk;
}

/**
 * Makes a chunk of bytes that are said to have this id.
 *
 * @throws UNEXPECTED_CHUNK when they do not
 */
export function verifyChunk(id: ChunkId, bytes: Bytes): Chunk {
  const chunk = chunkOf(bytes);
  if (!equalBytes(chunk.id, id)) {
    throw new SyncError("UNEXPECTED_CHUNK", `chunk ${toHex(chunk.id)} where ${toHex(id)} was expected`);
  }
  return chunk;
}
