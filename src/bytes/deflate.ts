import { deflateSync, inflateSync } from "fflate/browser";

import type { Bytes } from "../types.ts";
import { type Expanded, expandTo } from "./expand.ts";

/** The two functions of node:zlib that are used where they exist; they are ten times faster. */
interface NodeZlib {
  deflateRawSync(bytes: Bytes, options: { level: number; dictionary: Bytes }): Bytes;
  inflateRawSync(bytes: Bytes, options: { maxOutputLength: number; dictionary: Bytes; info: true }): Expanded;
}

interface WithBuiltins {
  process?: { getBuiltinModule?: (name: string) => unknown };
}

const zlib = (globalThis as WithBuiltins).process?.getBuiltinModule?.("node:zlib") as NodeZlib | undefined;

/** How much effort goes into it: 1 (fast) to 9 (small). */
export type CompressionLevel = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** Bytes of a dictionary, at most: DEFLATE looks back no further. */
export const dictionaryBytes = 32_768;

const noDictionary = new Uint8Array(0);

/**
 * Compresses with DEFLATE (RFC 1951, no wrapper).
 *
 * @param dictionary what is taken to stand before the bytes, `dictionaryBytes` of it at most
 */
export function deflate(bytes: Bytes, level: CompressionLevel = 6, dictionary: Bytes = noDictionary): Bytes {
  if (zlib) return zlib.deflateRawSync(bytes, { level, dictionary });
  return deflateSync(bytes, { level, ...(dictionary.length > 0 && { dictionary }) });
}

/**
 * Expands what `deflate` made. Never holds more than `sizeBytes` and one, whatever the input
 * claims.
 *
 * @param sizeBytes how long the result must be
 * @param dictionary the one that it was made with
 * @throws BAD_MESSAGE when the input is damaged or goes on behind its end, or when the result has
 *   any other length
 */
export function inflate(bytes: Bytes, sizeBytes: number, dictionary: Bytes = noDictionary): Bytes {
  const options = { maxOutputLength: Math.max(1, sizeBytes), dictionary, info: true } as const;
  return expandTo(bytes, sizeBytes, () =>
    zlib === undefined ? inflatePortably(bytes, sizeBytes, dictionary) : zlib.inflateRawSync(bytes, options),
  );
}

/**
 * The same by fflate, which does not tell where data ends: at the last byte, unless it is whole
 * without that.
 */
export function inflatePortably(bytes: Bytes, sizeBytes: number, dictionary: Bytes): Expanded {
  const options = dictionary.length > 0 ? { dictionary } : {};
  const expand = (packed: Bytes): Bytes =>
    inflateSync(packed, { ...options, out: new Uint8Array(sizeBytes + 1) });
  const buffer = expand(bytes);
  const isWhole = (packed: Bytes): boolean => {
    try {
      return expand(packed).length === buffer.length;
    } catch {
      return false;
    }
  };
  return { buffer, engine: { bytesWritten: bytes.length - (isWhole(bytes.subarray(0, -1)) ? 1 : 0) } };
}
