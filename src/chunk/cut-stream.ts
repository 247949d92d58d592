import { abortableSource } from "../bytes/abort.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { createCutter } from "./create-cutter.ts";
import type { CutterSpec } from "./cutter.ts";

/** A part of a stream that begins with whole chunks. */
export interface CutPart {
  /** The memory of the cutter: it is used again for the next part. */
  readonly buffer: Bytes;
  /** Offsets one past each chunk; likewise. */
  readonly ends: Uint32Array;
}

/**
 * Cuts a stream into chunks, of which it gives as many as fit at a time. Of an empty stream it
 * gives nothing.
 *
 * Holds 1 MiB + maxBytes of the stream, whatever its length, and yields once that is full or the
 * stream ends. Blocks of the source are copied before the next is asked for.
 *
 * @throws UNSUPPORTED for a spec that this version cannot cut by
 */
export async function* cutStream(
  source: AsyncIterable<Bytes>,
  spec: CutterSpec,
  { signal }: AbortOptions = {},
): AsyncGenerator<CutPart, void, undefined> {
  const cutter = createCutter(spec);
  const { buffer } = cutter;
  let filled = 0;
  for await (const block of abortableSource(source, signal)) {
    for (let at = 0; at < block.length;) {
      const part = block.subarray(at, at + buffer.length - filled);
      buffer.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < buffer.length) continue;
      const ends = cutter.cut(filled, false);
      const start = ends.at(-1) ?? 0;
      yield { buffer, ends };
      buffer.copyWithin(0, start, filled);
      filled -= start;
    }
  }
  if (filled > 0) yield { buffer, ends: cutter.cut(filled, true) };
}
