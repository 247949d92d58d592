import { concatBytes } from "../bytes/compare.ts";
import { ExactReader } from "../bytes/exact-reader.ts";
import { encodeLength, maxCafsChunkBytes, putLength, readLength } from "../bytes/varint.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { incoming } from "./incoming.ts";

/**
 * A chunk as it travels: its length, then its bytes.
 *
 * @throws ILLEGAL_LENGTH when it is longer than CAFS can move
 */
export function encodeChunk(bytes: Bytes): Bytes {
  checkLength(bytes.length);
  return concatBytes([encodeLength(bytes.length), bytes]);
}

function checkLength(length: number): void {
  if (length <= maxCafsChunkBytes) return;
  throw new SyncError("ILLEGAL_LENGTH", `chunk of ${length} bytes`, {
    detail: { limit: maxCafsChunkBytes, actual: length },
  });
}

/** Bytes of the longest length that travels. */
const maxPrefixBytes = 3;

/** Puts several chunks as they travel into one piece, in memory that each piece takes over. */
export class RunEncoder {
  #memory = new Uint8Array(0);

  /**
   * The bytes stay as they are until the next call.
   *
   * @throws ILLEGAL_LENGTH when a chunk is longer than CAFS can move
   */
  encode(chunks: readonly Bytes[]): Bytes {
    const room = chunks.reduce((sum, { length }) => sum + maxPrefixBytes + length, 0);
    if (this.#memory.length < room) this.#memory = new Uint8Array(room);
    let at = 0;
    for (const bytes of chunks) {
      checkLength(bytes.length);
      at = putLength(bytes.length, this.#memory, at);
      this.#memory.set(bytes, at);
      at += bytes.length;
    }
    return this.#memory.subarray(0, at);
  }
}

/**
 * The bytes of the next chunk, unverified, or undefined when the stream ends before it. They may be
 * a view of a block of the source.
 *
 * @throws TRUNCATED within a chunk; ILLEGAL_LENGTH; VARINT_OVERFLOW
 */
export async function readChunk(reader: ExactReader): Promise<Bytes | undefined> {
  const length = await readLength(reader);
  return length === undefined ? undefined : reader.read(length);
}

/**
 * The bytes of all chunks of a stream, unverified. At most one chunk, 128 KiB, is put together at a
 * time.
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
