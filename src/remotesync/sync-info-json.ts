import { fromHex, toHex } from "../bytes/hex.ts";
import { type ChunkId, type ChunkInfo, idBytes } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { incoming } from "./incoming.ts";
import { JsonScanner } from "./json-scanner.ts";
import { boundsOf, checkCount, checkSyncInfo, type SyncInfo, type SyncInfoLimits } from "./sync-info.ts";

/** How `encodeSyncInfo` writes what can be written in two ways. */
export interface EncodeSyncInfoOptions {
  /**
   * How a list without chunks is written. The reference writes "null" for one made by hand, which
   * is the default, and "[]" for one that `shuffleSyncInfo` made.
   */
  readonly emptyList?: "null" | "[]";
}

/**
 * The JSON text of a SyncInfo, byte for byte as CAFS writes it, without the line feed that HTTP
 * adds.
 *
 * @see docs/formats.md, SyncInfo
 */
export function encodeSyncInfo(info: SyncInfo, options: EncodeSyncInfoOptions = {}): string {
  return [...encodeSyncInfoParts(info, options)].join("");
}

/** Entries of the list that are written in one part. */
const partCount = 512;

/** The same text in parts of at most 64 KiB or so, for lists that are long. */
export function* encodeSyncInfoParts(
  { chunks, perm }: SyncInfo,
  options: EncodeSyncInfoOptions = {},
): Generator<string, void, undefined> {
  const noList = chunks.length === 0 && options.emptyList !== "[]";
  yield noList ? '{"Chunks":null' : '{"Chunks":[';
  for (let at = 0; at < chunks.length; at += partCount) {
    const part = chunks
      .slice(at, at + partCount)
      .map(({ id, size }) => `{"Key":"${toHex(id)}","Size":${size}}`);
    yield (at > 0 ? "," : "") + part.join(",");
  }
  yield `${noList ? "" : "]"},"Perm":[${perm.join(",")}]}`;
}

/** Characters of an entry without its size. */
const entryChars = '{"Key":"","Size":}'.length + 2 * idBytes;

/** Bytes, and characters, of the text that `encodeSyncInfo` writes. */
export function encodedSyncInfoBytes({ chunks, perm }: SyncInfo): number {
  let bytes = encodeSyncInfo({ chunks: [], perm }).length;
  if (chunks.length > 0) bytes += "[]".length - "null".length + chunks.length - 1;
  for (const { size } of chunks) bytes += entryChars + `${size}`.length;
  return bytes;
}

export interface DecodeSyncInfoOptions extends SyncInfoLimits {
  /**
   * True, the default: takes what other programs may send and the reference understands: member
   * names and hex digits in either case, further members, the last of several equal members, text
   * behind the value. False: takes only the bytes that `encodeSyncInfo` writes, and a line feed.
   */
  readonly lenient?: boolean;
}

/**
 * Reads the JSON text of a SyncInfo and checks all that it claims. Memory grows with the text.
 *
 * A key that is not 64 hex digits, a size out of range and a list that is no permutation are
 * refused, unlike in the reference.
 *
 * @throws BAD_SYNCINFO, BAD_PERMUTATION, LIMIT
 */
export function decodeSyncInfo(text: string | Bytes, options: DecodeSyncInfoOptions = {}): SyncInfo {
  const limits = boundsOf(options);
  checkTextSize(text.length, limits.maxJsonBytes);
  const characters =
    typeof text === "string" ? text : new TextDecoder("utf-8", { ignoreBOM: true }).decode(text);
  const info = scanSyncInfo(new JsonScanner(characters), limits);
  checkSyncInfo(info, limits);
  if (options.lenient === false) checkCanonical(characters, info);
  return info;
}

/**
 * Reads a SyncInfo from a stream, up to its end.
 *
 * @throws BAD_SYNCINFO, BAD_PERMUTATION, LIMIT
 */
export async function readSyncInfo(
  source: AsyncIterable<Bytes>,
  options: DecodeSyncInfoOptions & AbortOptions = {},
): Promise<SyncInfo> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let sizeBytes = 0;
  let text = "";
  const { maxJsonBytes } = boundsOf(options);
  for await (const block of incoming(source, options.signal)) {
    sizeBytes += block.length;
    checkTextSize(sizeBytes, maxJsonBytes);
    text += decoder.decode(block, { stream: true });
  }
  return decodeSyncInfo(text + decoder.decode(), options);
}

function scanSyncInfo(scanner: JsonScanner, limits: Required<SyncInfoLimits>): SyncInfo {
  let chunks: readonly ChunkInfo[] = [];
  let perm: readonly number[] = [];
  if (scanner.null()) return { chunks, perm };
  scanner.object((name) => {
    if (isName(name, "Chunks", chunksName)) chunks = scanChunks(scanner, limits.maxChunkCount);
    else if (isName(name, "Perm", permName)) perm = scanPermutation(scanner, limits.maxPermutationCount);
    else scanner.skip();
  });
  return { chunks, perm };
}

function scanChunks(scanner: JsonScanner, maxCount: number): ChunkInfo[] {
  const chunks: ChunkInfo[] = [];
  if (scanner.null()) return chunks;
  scanner.array((index) => {
    checkCount(index + 1, maxCount);
    chunks.push(scanChunk(scanner, index));
  });
  return chunks;
}

function scanChunk(scanner: JsonScanner, index: number): ChunkInfo {
  let id: ChunkId | undefined;
  let size = 0;
  scanner.object((name) => {
    if (isName(name, "Key", keyName)) id = scanner.null() ? id : scanId(scanner, index);
    else if (isName(name, "Size", sizeName)) size = scanner.null() ? size : scanner.integer();
    else scanner.skip();
  });
  if (id === undefined) throw badKey(index);
  return { id, size };
}

function scanId(scanner: JsonScanner, index: number): ChunkId {
  const digits = scanner.string();
  if (digits.length !== 2 * idBytes) throw badKey(index);
  try {
    return fromHex(digits);
  } catch {
    throw badKey(index);
  }
}

function badKey(index: number): SyncError {
  return new SyncError("BAD_SYNCINFO", `entry ${index}: the key is not ${2 * idBytes} hex digits`, {
    detail: { index },
  });
}

function scanPermutation(scanner: JsonScanner, limit: number): number[] {
  const perm: number[] = [];
  if (scanner.null()) return perm;
  scanner.array(() => {
    if (perm.length === limit) {
      throw new SyncError("LIMIT", `permutation has more than ${limit} elements`, { detail: { limit } });
    }
    perm.push(scanner.integer());
  });
  return perm;
}

// The reference matches names by Unicode case folding, as these patterns do.
const chunksName = /^chunks$/iu;
const permName = /^perm$/iu;
const keyName = /^key$/iu;
const sizeName = /^size$/iu;

function isName(name: string, usual: string, folded: RegExp): boolean {
  return name === usual || folded.test(name);
}

function checkTextSize(actual: number, limit: number): void {
  if (actual <= limit) return;
  throw new SyncError("LIMIT", `SyncInfo of more than ${limit} bytes`, { detail: { limit, actual } });
}

function checkCanonical(text: string, info: SyncInfo): void {
  const value = text.endsWith("\n") ? text.slice(0, -1) : text;
  if (value === encodeSyncInfo(info) || value === encodeSyncInfo(info, { emptyList: "[]" })) return;
  throw new SyncError("BAD_SYNCINFO", "SyncInfo is not in canonical form");
}
