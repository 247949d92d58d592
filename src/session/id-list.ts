import { type ChunkId, idBytes } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/**
 * The ids of a WANT or HAVE frame, each in memory of its own. @throws BAD_MESSAGE when there is
 * none, or a part of one
 */
export function readIds(payload: Bytes): ChunkId[] {
  if (payload.length === 0 || payload.length % idBytes !== 0)
    throw new SyncError("BAD_MESSAGE", "a list of ids is cut off");
  return Array.from({ length: payload.length / idBytes }, (_, i) =>
    payload.slice(i * idBytes, (i + 1) * idBytes),
  );
}
