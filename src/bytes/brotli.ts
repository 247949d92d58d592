import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { CompressionLevel } from "./deflate.ts";
import { type Expanded, expandTo } from "./expand.ts";

/** What is used of node:zlib, where it exists. */
interface NodeZlib {
  brotliCompressSync(bytes: Bytes, options: { params: Record<number, number> }): Bytes;
  brotliDecompressSync(bytes: Bytes, options: { maxOutputLength: number; info: true }): Expanded;
  readonly constants: Record<"BROTLI_PARAM_QUALITY" | "BROTLI_PARAM_SIZE_HINT", number>;
}

interface WithBuiltins {
  process?: { getBuiltinModule?: (name: string) => unknown };
}

const zlib = (globalThis as WithBuiltins).process?.getBuiltinModule?.("node:zlib") as NodeZlib | undefined;

/** How much effort goes into it unless said: as much time as DEFLATE at level 5 takes, or less. */
const usualLevel = 4;

/** True where Brotli (RFC 7932) is at hand. */
export const hasBrotli: boolean = typeof zlib?.brotliCompressSync === "function";

/** Compresses with Brotli. */
export function brotli(bytes: Bytes, level: CompressionLevel = usualLevel): Bytes {
  const { brotliCompressSync, constants } = zlib!;
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  return brotliCompressSync(bytes, {
    params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}

/**
 * Expands what `brotli` made.
 *
 * @param sizeBytes how long the result must be
 * @throws BAD_MESSAGE when the input is damaged or goes on behind its end, or when the result has
 *   any other length; UNSUPPORTED where Brotli is not at hand
 */
export function unbrotli(bytes: Bytes, sizeBytes: number): Bytes {
  if (zlib === undefined || !hasBrotli) throw new SyncError("UNSUPPORTED", "Brotli is not known here");
  const { brotliDecompressSync } = zlib;
  const options = { maxOutputLength: Math.max(1, sizeBytes), info: true } as const;
  return expandTo(bytes, sizeBytes, () => brotliDecompressSync(bytes, options));
}
