import { concatBytes } from "../bytes/compare.ts";
import { maxStoredBytes } from "../casync/stored-form.ts";
import { SyncError } from "../errors.ts";
import { encodeCounts } from "../session/closing.ts";
import type { Bytes } from "../types.ts";
import { mirrorLimits } from "./mirror-limits.ts";

/**
 * Puts chunks into payloads of DATA frames (docs/protocol.md §14): before each stands its length
 * and 1, or 0 for one that cannot be had. A payload ends anywhere.
 */
export async function* encodeChunkRow(chunks: AsyncIterable<Bytes | undefined>): AsyncGenerator<Bytes> {
  const { dataFrameBytes, listedCount } = mirrorLimits;
  let parts: Bytes[] = [];
  let size = 0;
  function* flush(): Generator<Bytes> {
    const row = concatBytes(parts);
    for (let at = 0; at < row.length; at += dataFrameBytes) yield row.subarray(at, at + dataFrameBytes);
    parts = [];
    size = 0;
  }
  for await (const chunk of chunks) {
    parts.push(encodeCounts(chunk ? chunk.length + 1 : 0), ...(chunk ? [chunk] : []));
    size += parts.at(-1)!.length;
    if (size >= dataFrameBytes || parts.length >= listedCount) yield* flush();
  }
  yield* flush();
}

/** Bytes of the longest number that stands before a chunk. */
const maxLengthBytes = 4;

/** Takes such payloads apart. */
export class ChunkRowReader {
  /** The length that is being read. */
  #length = 0;
  #lengthBytes = 0;
  /** The chunk that is being read. */
  #chunk: Bytes | undefined;
  #filled = 0;

  /** True when all that began has ended. */
  get isAtEnd(): boolean {
    return this.#chunk === undefined && this.#lengthBytes === 0;
  }

  /**
   * The chunks that end in a payload, each in memory of its own; undefined for one that cannot be
   * had.
   *
   * @throws LIMIT for one that is too long, BAD_MESSAGE
   */
  *read(payload: Bytes): Generator<Bytes | undefined> {
    for (let at = 0; at < payload.length;) {
      if (this.#chunk === undefined) {
        if (!this.#readLength(payload[at++]!)) continue;
        const length = this.#takeLength();
        if (length === 0) yield undefined;
        else this.#begin(length - 1);
      }
      if (this.#chunk === undefined) continue;
      const part = payload.subarray(at, at + this.#chunk.length - this.#filled);
      this.#chunk.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < this.#chunk.length) return;
      yield this.#chunk;
      this.#chunk = undefined;
    }
  }

  /** Takes a byte of a length; true for its last. */
  #readLength(byte: number): boolean {
    if (this.#lengthBytes === maxLengthBytes) throw new SyncError("BAD_MESSAGE", "a length is too long");
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes++;
    return byte < 0x80;
  }

  #takeLength(): number {
    const length = this.#length;
    this.#length = 0;
    this.#lengthBytes = 0;
    return length;
  }

  #begin(length: number): void {
    if (length > maxStoredBytes)
      throw new SyncError("LIMIT", "a chunk is too long", {
        detail: { limit: maxStoredBytes, actual: length },
      });
    this.#chunk = new Uint8Array(length);
    this.#filled = 0;
  }
}
