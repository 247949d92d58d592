import { toHex } from "../bytes/hex.ts";
import { idBytes } from "../chunk/chunk.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";

/**
 * The id as text, 64 lower-case hex digits: what stores keep chunks under.
 *
 * @throws USAGE when the id is not 32 bytes long
 */
export function keyOf(id: ChunkId): string {
  if (id.length !== idBytes) {
    throw new SyncError("USAGE", "a chunk id has 32 bytes", {
      detail: { limit: idBytes, actual: id.length },
    });
  }
  return toHex(id);
}

/** The error for a chunk that a store does not have. */
export function notFound(key: string): SyncError {
  return new SyncError("NOT_FOUND", `chunk ${key} is not in the store`);
}

/** The error for removing a chunk that somebody holds. */
export function locked(key: string): SyncError {
  return new SyncError("LOCKED", `chunk ${key} is pinned`);
}
