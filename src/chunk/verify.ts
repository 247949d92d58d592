import { toHex } from "../bytes/hex.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { Chunk, ChunkId } from "./chunk.ts";
import { sha256Digest } from "./digest.ts";
import { idOfKey, keyOf } from "./id-key.ts";

/**
 * Names bytes by their digest, SHA-256 unless given. The chunk keeps `bytes`, it does not copy
 * them.
 */
export function chunkOf(bytes: Bytes, digest = sha256Digest): Chunk {
  return { id: idOfKey(digest.keyOf(bytes)), bytes } as Chunk;
}

/**
 * Makes a chunk of bytes that are said to have this id. The chunk keeps both, it copies neither.
 *
 * @param digest what the id is; default SHA-256, the only one by which stores take chunks
 * @param key the id as `keyOf` gives it, where that is at hand
 * @throws UNEXPECTED_CHUNK when they do not
 */
export function verifyChunk(id: ChunkId, bytes: Bytes, digest = sha256Digest, key = keyOf(id)): Chunk {
  const actual = digest.keyOf(bytes);
  if (actual !== key) {
    const found = toHex(idOfKey(actual));
    throw new SyncError("UNEXPECTED_CHUNK", `chunk ${found} where ${toHex(id)} was expected`);
  }
  return { id, bytes } as Chunk;
}

/** The same chunk in memory of its own; `slice` of a Buffer would copy nothing. */
export function copyOfChunk({ id, bytes }: Chunk): Chunk {
  return { id: new Uint8Array(id), bytes: new Uint8Array(bytes) } as Chunk;
}
