import { deflateSync, inflateSync } from "fflate/browser";

import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** The two functions of node:zlib that are used where they exist; they are ten times faster. */
interface NodeZlib {
  deflateRawSync(bytes: Bytes, options: { level: number }): Bytes;
  inflateRawSync(bytes: Bytes, options: { maxOutputLength: number }): Bytes;
}

interface WithBuiltins {
  process?: { getBuiltinModule?: (name: string) => unknown };
}

const zlib = (globalThis as WithBuiltins).process?.getBuiltinModule?.("node:zlib") as NodeZlib | undefined;

/**
 * Compresses with DEFLATE (RFC 1951, no wrapper).
 *
 * @param level 1 (fast) to 9 (small)
 */
export function deflate(bytes: Bytes, level: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 = 6): Bytes {
  return zlib === undefined ? deflateSync(bytes, { level }) : zlib.deflateRawSync(bytes, { level });
}

/**
 * Expands what `deflate` made. Never holds more than `sizeBytes` and one, whatever the input
 * claims.
 *
 * @param sizeBytes how long the result must be
 * @throws BAD_MESSAGE when the input is damaged or the result has any other length
 */
export function inflate(bytes: Bytes, sizeBytes: number): Bytes {
  let result: Bytes;
  try {
    result =
      zlib === undefined
        ? inflateSync(bytes, { out: new Uint8Array(sizeBytes + 1) })
        : zlib.inflateRawSync(bytes, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (cause) {
    throw new SyncError("BAD_MESSAGE", "compressed data is damaged or longer than declared", { cause });
  }
  if (result.length !== sizeBytes) {
    throw new SyncError(
      "BAD_MESSAGE",
      `compressed data holds ${result.length} bytes where ${sizeBytes} were declared`,
    );
  }
  return result;
}
