import { abortable } from "../bytes/abort.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import type { TreeRecord } from "./record.ts";
import type { RelayChunks } from "./relay-chunks.ts";

/**
 * A chunk of a relayed tree, once it is here.
 *
 * @throws why it will not come: what ended the tree, CHUNK_MISSING when the store has lost it; the
 *   signal's reason
 */
export async function takeChunk(
  record: TreeRecord,
  chunks: RelayChunks,
  id: ChunkId,
  { signal }: AbortOptions,
): Promise<Chunk> {
  while (!chunks.has(id)) {
    checkComing(record, chunks, id);
    await change(record, chunks, id, signal);
  }
  try {
    return await chunks.get(id, signal ? { signal } : {});
  } catch (thrown) {
    if (isSyncError(thrown, "CHUNK_MISSING") || isSyncError(thrown, "CORRUPT")) record.spoil(thrown);
    throw thrown;
  }
}

/** @throws why a chunk that is not here will not come */
export function checkComing(record: TreeRecord, chunks: RelayChunks, id: ChunkId): void {
  if (record.end === undefined || chunks.isComing(id)) return;
  if (record.end === "complete") record.spoil(new SyncError("CHUNK_MISSING", "the relay has lost a chunk"));
  throw record.end;
}

/** Until the chunk came or is wanted again, or the tree has ended. */
async function change(
  record: TreeRecord,
  chunks: RelayChunks,
  id: ChunkId,
  signal: AbortSignal | undefined,
): Promise<void> {
  const callsOff: (() => void)[] = [];
  const changed = new Promise<void>((resolve) => {
    callsOff.push(chunks.listen(id, resolve), record.signals.listen("end", resolve));
  });
  try {
    await abortable(changed, signal);
  } finally {
    for (const callOff of callsOff) callOff();
  }
}
