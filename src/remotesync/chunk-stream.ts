import { concatBytes } from "../bytes/compare.ts";
import { ExactReader } from "../bytes/exact-reader.ts";
import { encodeLength, maxCafsChunkBytes, readLength } from "../bytes/varint.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { incoming } from "./incoming.ts";

/**
 * A chunk as it travels: its length, then its bytes.
 *
 * @throws ILLEGAL_LENGTH when it is longer than CAFS can move
 */
export function encodeChunk(bytes: Bytes): Bytes {
  if (bytes.length > maxCafsChunkBytes) {
    throw new SyncError("ILLEGAL_LENGTH", `chunk of ${bytes.length} bytes`, {
      detail: { limit: maxCafsChunkBytes, actual: bytes.length },
    });
  }
  return concatBytes([encodeLength(bytes.length), bytes]);
}

/**
 * The bytes of the next chunk, unverified, or undefined when the stream ends before it. They may be a view
 * of a block of the source.
 *
 * @throws TRUNCATED within a chunk; ILLEGAL_LENGTH; VARINT_OVERFLOW
 */
export async function readChunk(reader: ExactReader): Promise<Bytes | undefined> {
  const length = await readLength(reader);
  return length === undefined ? undefined : reader.read(length);
}

/**
 * The bytes of all chunks of a stream, unverified. At most one chunk, 128 KiB, is put together at a time.
 *
 * The iteration throws what `readChunk` throws.
 */
export async function* decodeChunks(
  source: AsyncIterable<Bytes>,
  options: AbortOptions = {},
): AsyncGenerator<Bytes, void, undefined> {
  const reader = new ExactReader(incoming(source, options.signal));
  try {
    for (let chunk = await readChunk(reader); chunk !== undefined; chunk = await readChunk(reader))
      yield chunk;
  } finally {
    await reader.close();
  }
}
