import type { AbortOptions, Bytes } from "../types.ts";
import type { Chunk } from "./chunk.ts";
import { cutStream } from "./cut-stream.ts";
import type { CutterSpec } from "./cutter.ts";
import type { ChunkDigest } from "./digest.ts";
import { chunkOf } from "./verify.ts";

export interface CutChunksOptions extends AbortOptions {
  /** What names the chunks; SHA-256 unless given. */
  readonly digest?: ChunkDigest;
  /**
   * True for chunks that are only lent: their bytes change when the next one is asked for. See
   * `copyOfChunk`.
   */
  readonly lends?: boolean;
}

/**
 * Cuts a stream into chunks, in order. An empty stream has none.
 *
 * Holds 1 MiB + maxBytes of the stream, whatever its length, and yields once that is full or the
 * stream ends. The chunks' bytes are the caller's unless they are lent. Blocks of the source are
 * copied before the next is asked for.
 *
 * @throws UNSUPPORTED for a spec that this version cannot cut by
 */
export async function* cutChunks(
  source: AsyncIterable<Bytes>,
  spec: CutterSpec,
  options: CutChunksOptions = {},
): AsyncGenerator<Chunk, void, undefined> {
  const { digest, lends = false } = options;
  for await (const { buffer, ends } of cutStream(source, spec, options)) {
    let start = 0;
    for (const end of ends) {
      const bytes = buffer.subarray(start, end);
      yield chunkOf(lends ? bytes : bytes.slice(), digest);
      start = end;
    }
  }
}
