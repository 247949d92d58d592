import { type CasyncSizes, maxChunkBytes } from "../chunk/cutter-specs.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { casyncFeatures, checkFeatures } from "./features.ts";
import { readSize, readWord, viewOf, words } from "./words.ts";

/** What stands in front of the chunks of an index. */
export interface IndexHeader {
  /** What the index, or the tree that it is of, keeps. */
  readonly features: bigint;
  /** How the blob was cut. */
  readonly sizes: CasyncSizes;
}

/** One chunk of an index, and where it lies in the blob. */
export interface IndexChunk {
  readonly id: Bytes;
  readonly offset: number;
  readonly size: number;
}

/** Bytes of a chunk of an index. */
export const sizeOf = ({ size }: IndexChunk): number => size;

/** Bytes in front of the first chunk. */
export const indexHeaderBytes = 64;
/** Bytes of an item: where the chunk ends, and its id. */
export const indexItemBytes = 40;
/** Bytes behind the last item. */
export const indexTailBytes = 40;

const headerRecordBytes = 48;
const indexType = 0x96824d9c7b129ff9n;
const tableType = 0xe75b9e112f17417dn;
const unknownSize = 0xffffffffffffffffn;
const tailMarker = 0x4b4f050e5549ecd1n;

/** The digest that the chunks of an index are named by. */
export function digestOfIndex({ features }: IndexHeader): ChunkDigest {
  return (features & casyncFeatures.sha512_256) === 0n ? sha256Digest : sha512_256Digest;
}

/** The features with the bit for a digest. @throws UNSUPPORTED for one that no index can name */
export function withDigest(features: bigint, { name }: ChunkDigest): bigint {
  if (name === sha512_256Digest.name) return features | casyncFeatures.sha512_256;
  if (name === sha256Digest.name) return features & ~casyncFeatures.sha512_256;
  throw new SyncError("UNSUPPORTED", `an index cannot name chunks by ${name}`);
}

/** The header of an index, in bytes. */
export function encodeIndexHeader({ features, sizes }: IndexHeader): Bytes {
  const { minBytes, averageBytes, maxBytes } = sizes;
  return words(
    headerRecordBytes,
    indexType,
    features,
    minBytes,
    averageBytes,
    maxBytes,
    unknownSize,
    tableType,
  );
}

/** What ends an index of so many chunks, in bytes. */
export function encodeIndexTail(chunkCount: number): Bytes {
  const tableBytes = 16 + indexItemBytes * chunkCount + indexTailBytes;
  return words(0, 0, headerRecordBytes, tableBytes, tailMarker);
}

/**
 * Reads a header of 64 bytes.
 *
 * @throws BAD_MESSAGE when these are not the first bytes of an index, UNSUPPORTED for features that
 *   are not known, LIMIT for chunks that are too long
 */
export function decodeIndexHeader(bytes: Bytes): IndexHeader {
  const view = viewOf(bytes);
  const fits =
    readWord(view, 0) === BigInt(headerRecordBytes) &&
    readWord(view, 8) === indexType &&
    readWord(view, 48) === unknownSize &&
    readWord(view, 56) === tableType;
  if (!fits) throw new SyncError("BAD_MESSAGE", "this is not an index of casync");
  const features = checkFeatures(readWord(view, 16));
  const sizes = {
    minBytes: readSize(view, 24),
    averageBytes: readSize(view, 32),
    maxBytes: readSize(view, 40),
  };
  checkSizes(sizes);
  return { features, sizes };
}

function checkSizes({ minBytes, averageBytes, maxBytes }: CasyncSizes): void {
  if (maxBytes > maxChunkBytes) {
    throw new SyncError("LIMIT", "the chunks of the index may be too long", {
      detail: { limit: maxChunkBytes, actual: maxBytes },
    });
  }
  if (minBytes < 1 || minBytes > averageBytes || averageBytes > maxBytes)
    throw new SyncError("BAD_MESSAGE", "the chunk sizes of the index are out of order");
}

/** True when a tail is that of an index of so many chunks. */
export function isIndexTail(bytes: Bytes, chunkCount: number): boolean {
  const expected = encodeIndexTail(chunkCount);
  return bytes.length === expected.length && expected.every((byte, i) => byte === bytes[i]);
}
