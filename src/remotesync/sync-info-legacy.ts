import { concatBytes } from "../bytes/compare.ts";
import { ExactReader } from "../bytes/exact-reader.ts";
import { encodeLength, readLength } from "../bytes/varint.ts";
import { type ChunkInfo, idBytes } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { incoming } from "./incoming.ts";
import { checkCount, syncInfoLimits } from "./sync-info.ts";

/** The binary form of a chunk list that older CAFS programs read. It has no permutation. */
export function encodeLegacyChunks(chunks: readonly ChunkInfo[]): Bytes {
  return concatBytes(chunks.flatMap(({ id, size }) => [id, encodeLength(size)]));
}

export interface DecodeLegacyOptions extends AbortOptions {
  /** Entries that the list may have. */
  readonly maxChunkCount?: number;
}

/**
 * Reads the binary form of a chunk list, entry by entry; it ends with the stream.
 *
 * @throws TRUNCATED within an entry; ILLEGAL_LENGTH; VARINT_OVERFLOW; LIMIT
 */
export async function* decodeLegacyChunks(
  source: AsyncIterable<Bytes>,
  options: DecodeLegacyOptions = {},
): AsyncGenerator<ChunkInfo, void, undefined> {
  const reader = new ExactReader(incoming(source, options.signal));
  try {
    for (let count = 1; ; count++) {
      const first = await reader.readByte();
      if (first === undefined) return;
      checkCount(count, options.maxChunkCount ?? syncInfoLimits.maxChunkCount);
      const id = concatBytes([Uint8Array.of(first), await reader.read(idBytes - 1)]);
      const size = await readLength(reader);
      if (size === undefined) throw new SyncError("TRUNCATED", "stream ends before the size of a chunk");
      yield { id, size };
    }
  } finally {
    await reader.close();
  }
}
