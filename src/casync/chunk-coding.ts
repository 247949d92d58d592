import { SyncError, isSyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { type Compressor, portableCompressor } from "./compressor.ts";

/** The form in which a store keeps chunks. */
export interface ChunkCoding {
  /** What the name of a chunk in this form ends in. */
  readonly suffix: string;
  /** A chunk in this form. */
  encode(bytes: Bytes): Bytes;
  /**
   * The chunk that is kept in this form.
   *
   * @throws CORRUPT when it is damaged or longer than `maxBytes`, UNSUPPORTED
   */
  decode(stored: Bytes, maxBytes: number): Bytes;
}

/** Chunks as they are. */
export const plainCoding: ChunkCoding = Object.freeze({
  suffix: "",
  encode: (bytes: Bytes) => bytes,
  decode: withinSize,
});

/** Compressed chunks, the form of casync and desync. */
export function compressedCoding(compressor: Compressor = portableCompressor): ChunkCoding {
  return Object.freeze({
    suffix: ".cacnk",
    encode: (bytes: Bytes) => compressor.compress(bytes),
    decode: (stored: Bytes, maxBytes: number) => expand(compressor, stored, maxBytes),
  });
}

function expand(compressor: Compressor, stored: Bytes, maxBytes: number): Bytes {
  let bytes: Bytes;
  try {
    bytes = compressor.decompress(stored, maxBytes);
  } catch (cause) {
    if (isSyncError(cause, "UNSUPPORTED")) throw cause;
    throw new SyncError("CORRUPT", "the compressed chunk is damaged", { cause });
  }
  return withinSize(bytes, maxBytes);
}

/** @throws CORRUPT */
function withinSize(bytes: Bytes, limit: number): Bytes {
  if (bytes.length <= limit) return bytes;
  throw new SyncError("CORRUPT", "the chunk is longer than it may be", {
    detail: { limit, actual: bytes.length },
  });
}
