import { toHex } from "../bytes/hex.ts";
import { maxCafsChunkBytes } from "../bytes/varint.ts";
import type { ChunkInfo } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { PeerPermutations } from "../http/peer-permutations.ts";
import type { SharePath } from "../http/share-path.ts";
import type { SharedContent, SharedFile, ShareOptions } from "../http/share.ts";
import { emptyId } from "../remotesync/sync-info.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { ChunkRow } from "./chunk-row.ts";
import { contentVersion } from "./content-version.ts";
import type { RelayedEntry, TreeRecord } from "./record.ts";
import type { RelayChunks } from "./relay-chunks.ts";
import { leadsThrough, placesIn } from "./relayed-places.ts";
import { takeChunk } from "./take-chunk.ts";

/**
 * A file of a relayed tree, to be fetched by itself: once its list has come, and its chunks as they
 * come.
 *
 * @param close called when it is closed
 * @throws NOT_FOUND when the tree turns out not to have it, what ends the upstream, the signal's
 *   reason
 */
export async function openRelayedFile(
  record: TreeRecord,
  chunks: RelayChunks,
  path: SharePath,
  permutations: PeerPermutations,
  close: () => Promise<void>,
  { signal, peer = "" }: ShareOptions,
): Promise<SharedFile> {
  const file = await listedFile(record, path, signal);
  const infos = chunkInfos(file);
  const { perm, version } = permutations.of(infos.length, contentVersion(infos), peer);
  return {
    info: { chunks: infos, perm },
    version,
    chunk: (id, options) => takeChunk(record, chunks, id, options),
    close,
  };
}

/**
 * The same, to be read as it is: what of it has not come is waited for when its turn comes.
 *
 * @param close called when it is closed
 */
export async function openRelayedContent(
  record: TreeRecord,
  chunks: RelayChunks,
  path: SharePath,
  close: () => Promise<void>,
  { signal }: AbortOptions,
): Promise<SharedContent> {
  const { chunks: row } = await listedFile(record, path, signal);
  async function* read(from: number, to: number): AsyncGenerator<Bytes> {
    for (let index = row.indexAround(from); index < row.count && row.offset(index) < to; index++) {
      const at = row.offset(index);
      const { bytes } = await takeChunk(record, chunks, row.id(index), signal ? { signal } : {});
      yield bytes.subarray(Math.max(0, from - at), to - at);
    }
  }
  return {
    name: new TextDecoder().decode(path.components.at(-1)),
    size: row.bytes,
    version: contentVersion(listOf(row)),
    read,
    close,
  };
}

/** A file whose list of chunks has come. @throws NOT_FOUND, what ended it, the signal's reason */
async function listedFile(
  record: TreeRecord,
  path: SharePath,
  signal: AbortSignal | undefined,
): Promise<RelayedEntry> {
  const number = await findFile(record, path, signal);
  const file = record.entries[number]!;
  while (file.end === undefined) {
    if (record.end !== undefined && record.end !== "complete") throw record.end;
    await record.signals.wait(number, signal);
  }
  if (file.end !== "complete") throw file.end;
  return file;
}

async function findFile(
  record: TreeRecord,
  { components }: SharePath,
  signal: AbortSignal | undefined,
): Promise<number> {
  const wanted = components.map(toHex);
  for await (const { number, entry, way } of placesIn(record, signal ? { signal } : {})) {
    if (way.length !== wanted.length || !leadsThrough(way, wanted)) continue;
    if (entry.kind === "file") return number;
    throw new SyncError("NOT_FOUND", "there is no such file");
  }
  throw new SyncError("NOT_FOUND", "there is no such place");
}

function chunkInfos({ chunks }: RelayedEntry): readonly ChunkInfo[] {
  if (chunks.count === 0) return [{ id: emptyId, size: 0 }];
  const infos = listOf(chunks);
  if (infos.some(({ size }) => size > maxCafsChunkBytes))
    throw new SyncError("UNSUPPORTED", "its chunks are too long to be fetched");
  return infos;
}

function listOf(row: ChunkRow): ChunkInfo[] {
  return Array.from({ length: row.count }, (_, i) => ({ id: row.id(i), size: row.size(i) }));
}
