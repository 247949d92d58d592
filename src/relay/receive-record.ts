import type { ChunkId } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import type { TreeRecord } from "./record.ts";
import type { RelayChunks } from "./relay-chunks.ts";

/**
 * Holds sessions with the upstream until every chunk that it told of is here. One is enough, unless
 * it could not deliver what it had announced, or others were to bring a chunk and did not.
 *
 * @param session holds one, and returns how many of the chunks that it asked for did not come
 * @throws what ends a session; CHANGED when the upstream does not deliver the second time either;
 *   the signal's reason
 */
export async function receiveRecord(
  record: TreeRecord,
  chunks: RelayChunks,
  session: () => Promise<number>,
  { signal }: AbortOptions,
): Promise<void> {
  for (let before = Number.POSITIVE_INFINITY; ;) {
    const undelivered = await session();
    if (undelivered > 0 && undelivered >= before) {
      throw new SyncError("CHANGED", "content is gone from where the tree comes from");
    }
    if (undelivered > 0) before = undelivered;
    const missing = missingChunks(record, chunks);
    for (let id = missing.at(-1); id; id = missing.at(-1)) {
      if (chunks.has(id)) missing.pop();
      else if (chunks.isComing(id)) await chunks.change(id, signal);
      else break; // nobody brings it
    }
    if (missing.length === 0) return;
  }
}

function missingChunks(record: TreeRecord, chunks: RelayChunks): ChunkId[] {
  const missing: ChunkId[] = [];
  for (const { chunks: row } of record.entries) {
    for (let i = 0; i < row.count; i++) if (!chunks.has(row.id(i))) missing.push(row.id(i));
  }
  return missing;
}
