import { maxCafsChunkBytes } from "../bytes/varint.ts";
import { equalBytes } from "../bytes/compare.ts";
import { fromHex } from "../bytes/hex.ts";
import { type Chunk, type ChunkId, type ChunkInfo, idBytes } from "../chunk/chunk.ts";
import { cutChunks } from "../chunk/cut-chunks.ts";
import { cafsSpec } from "../chunk/cutter-specs.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import {
  checkPermutation,
  maxPermutationCount,
  type Permutation,
  trivialPermutation,
} from "./permutation.ts";
import { shuffle } from "./shuffle.ts";

/**
 * What the two ends agree on: the chunks of a file in its order, and how they are shuffled on the
 * way.
 */
export interface SyncInfo {
  readonly chunks: readonly ChunkInfo[];
  readonly perm: Permutation;
}

/** How much a SyncInfo from a peer may claim. */
export interface SyncInfoLimits {
  /** Entries in the list. */
  readonly maxChunkCount?: number;
  /** Elements of the permutation. */
  readonly maxPermutationCount?: number;
  /** Bytes of the whole file. */
  readonly maxFileBytes?: number;
  /** Bytes of the JSON text. */
  readonly maxJsonBytes?: number;
}

/** The limits that hold unless the caller sets others. 2^20 chunks are about 8 GiB. */
export const syncInfoLimits: Required<SyncInfoLimits> = Object.freeze({
  maxChunkCount: 2 ** 20,
  maxPermutationCount,
  maxFileBytes: Number.MAX_SAFE_INTEGER,
  maxJsonBytes: 2 ** 27,
});

/** Bytes of JSON that an entry may take, with what goes with it. */
const jsonEntryBytes = 128;
/** The engine holds no longer text. */
const maxTextBytes = 2 ** 29 - 2 ** 10;

/** The limits that hold for a call; a list that may be longer may have a longer text. */
export function boundsOf(limits: SyncInfoLimits): Required<SyncInfoLimits> {
  const bounds = { ...syncInfoLimits, ...limits };
  const roomBytes = Math.min(maxTextBytes, jsonEntryBytes * bounds.maxChunkCount);
  return { ...bounds, maxJsonBytes: limits.maxJsonBytes ?? Math.max(bounds.maxJsonBytes, roomBytes) };
}

/** Names the chunk that has no bytes. It is never asked for. */
export const emptyId: ChunkId = fromHex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

/** True for the id of the chunk that has no bytes. */
export function isEmptyId(id: ChunkId): boolean {
  return equalBytes(id, emptyId);
}

/** Bytes of the file that a list describes. */
export function fileBytes(chunks: readonly ChunkInfo[]): number {
  let sum = 0;
  for (const chunk of chunks) sum += chunk.size;
  return sum;
}

/** True when two lists are of the same chunks in the same order. */
export function equalChunks(a: readonly ChunkInfo[], b: readonly ChunkInfo[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ id, size }, at) => size === b[at]!.size && equalBytes(id, b[at]!.id));
}

/**
 * Refuses a SyncInfo that must not be used.
 *
 * @throws BAD_SYNCINFO for an id or a size that no chunk has; BAD_PERMUTATION; LIMIT
 */
export function checkSyncInfo(info: SyncInfo, limits: SyncInfoLimits = {}): void {
  const bounds = boundsOf(limits);
  checkCount(info.chunks.length, bounds.maxChunkCount);
  info.chunks.forEach(checkChunkInfo);
  checkPermutation(info.perm, bounds.maxPermutationCount);
  const actual = fileBytes(info.chunks);
  if (actual > bounds.maxFileBytes) {
    throw new SyncError("LIMIT", `file of ${actual} bytes, at most ${bounds.maxFileBytes} are allowed`, {
      detail: { limit: bounds.maxFileBytes, actual },
    });
  }
}

/** @throws LIMIT when a list is longer than allowed */
export function checkCount(count: number, limit: number): void {
  if (count <= limit) return;
  throw new SyncError("LIMIT", `a file of more than ${limit} chunks`, { detail: { limit, actual: count } });
}

/** @throws BAD_SYNCINFO when an entry cannot stand for a chunk */
function checkChunkInfo({ id, size }: ChunkInfo, index: number): void {
  if (id.length !== idBytes) throw badEntry(index, `id of ${id.length} bytes`);
  if (!Number.isInteger(size) || size < 0 || size > maxCafsChunkBytes) throw badEntry(index, `size ${size}`);
  if (size !== 0 && isEmptyId(id)) throw badEntry(index, `size ${size} for the empty chunk`);
}

function badEntry(index: number, what: string): SyncError {
  return new SyncError("BAD_SYNCINFO", `entry ${index}: ${what}`, { detail: { index } });
}

export interface SyncInfoOptions extends AbortOptions, Pick<SyncInfoLimits, "maxChunkCount"> {
  /** Called with each chunk in order, so that it can be stored on the way; it is waited for. */
  readonly onChunk?: (chunk: Chunk) => Promise<void> | void;
}

/**
 * Describes a file, cutting it as CAFS does. An empty file is one chunk without bytes.
 *
 * Memory grows by one entry a chunk, about 100 bytes.
 *
 * @throws LIMIT for a file of too many chunks: nobody would take its SyncInfo
 */
export async function syncInfoOf(
  source: AsyncIterable<Bytes>,
  perm: Permutation = trivialPermutation,
  options: SyncInfoOptions = {},
): Promise<SyncInfo> {
  checkPermutation(perm, Number.POSITIVE_INFINITY);
  const { maxChunkCount = syncInfoLimits.maxChunkCount } = options;
  const chunks: ChunkInfo[] = [];
  for await (const chunk of cutChunks(source, cafsSpec, options)) {
    checkCount(chunks.length + 1, maxChunkCount);
    await options.onChunk?.(chunk);
    chunks.push({ id: chunk.id, size: chunk.bytes.length });
  }
  if (chunks.length === 0) chunks.push({ id: emptyId, size: 0 });
  return { chunks, perm };
}

/**
 * The chunks in the order in which they travel, with the trivial permutation: what a relay serves
 * while it is itself receiving. It describes a different file.
 */
export function shuffleSyncInfo({ chunks, perm }: SyncInfo): SyncInfo {
  const travelling = [...shuffle(chunks, perm)].filter((chunk) => chunk !== undefined);
  return { chunks: travelling, perm: trivialPermutation };
}
