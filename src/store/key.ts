import { toHex } from "../bytes/hex.ts";
import { idBytes } from "../chunk/chunk.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { keyOf as keyOfId } from "../chunk/id-key.ts";
import { SyncError } from "../errors.ts";

/**
 * The id as a key of maps.
 *
 * @throws USAGE when the id is not 32 bytes long
 */
export function keyOf(id: ChunkId): string {
  checkId(id);
  return keyOfId(id);
}

/**
 * The id as people and file systems see it: 64 lower-case hex digits.
 *
 * @throws USAGE when the id is not 32 bytes long
 */
export function nameOf(id: ChunkId): string {
  checkId(id);
  return toHex(id);
}

/** The error for a chunk that a store does not have. */
export function notFound(id: ChunkId): SyncError {
  return new SyncError("NOT_FOUND", `chunk ${toHex(id)} is not in the store`);
}

/** The error for removing a chunk that somebody holds. */
export function locked(id: ChunkId): SyncError {
  return new SyncError("LOCKED", `chunk ${toHex(id)} is pinned`);
}

function checkId(id: ChunkId): void {
  if (id.length === idBytes) return;
  throw new SyncError("USAGE", "a chunk id has 32 bytes", { detail: { limit: idBytes, actual: id.length } });
}
