import { abortableSource } from "../bytes/abort.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { Chunk } from "./chunk.ts";
import { createCutter } from "./create-cutter.ts";
import type { Cutter, CutterSpec } from "./cutter.ts";
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
  const cutter = createCutter(spec);
  const { buffer } = cutter;
  let filled = 0;
  for await (const block of abortableSource(source, options.signal)) {
    for (let at = 0; at < block.length;) {
      const part = block.subarray(at, at + buffer.length - filled);
      buffer.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === buffer.length) filled = yield* takeChunks(cutter, filled, false, options);
    }
  }
  yield* takeChunks(cutter, filled, true, options);
}

/**
 * Yields the chunks that are complete and moves what is left to the start; returns how much that
 * is.
 */
function* takeChunks(
  cutter: Cutter,
  filled: number,
  final: boolean,
  { digest, lends = false }: CutChunksOptions,
): Generator<Chunk, number, undefined> {
  let start = 0;
  for (const end of cutter.cut(filled, final)) {
    const bytes = cutter.buffer.subarray(start, end);
    yield chunkOf(lends ? bytes : bytes.slice(), digest);
    start = end;
  }
  cutter.buffer.copyWithin(0, start, filled);
  return filled - start;
}
