import type { Bytes } from "../types.ts";
import { linePieceSizes } from "./piece-rules.ts";

const lineFeed = 10;

/**
 * Writes the ends of the pieces of lines in buffer[0 .. length) that are sure to `ends`.
 *
 * @returns how many there are
 * @see docs/cutters.md, pieces
 */
export function findLineEnds(buffer: Bytes, length: number, ends: Uint32Array, gear: Int32Array): number {
  const { minBytes, fullBytes, maxBytes } = linePieceSizes;
  let count = 0;
  let end = 0;
  for (let start = 0; ; start = end) {
    const full = start + fullBytes;
    const max = start + maxBytes;
    end = findMarkedLine(buffer, gear, start, start + minBytes, Math.min(full, length + 1));
    if (end === 0) end = findLine(buffer, full, Math.min(max, length + 1));
    if (end === 0 && max <= length) end = max;
    if (end === 0) return count;
    ends[count++] = end;
  }
}

/**
 * The first end in [from, to) behind a line feed where the gear hash of the bytes since `start` has
 * no highest bit; 0 if none.
 */
function findMarkedLine(buffer: Bytes, gear: Int32Array, start: number, from: number, to: number): number {
  let hash = 0;
  for (let at = start; at < to - 1;) {
    const byte = buffer[at++]!;
    hash = ((hash << 1) + gear[byte]!) | 0;
    if (byte === lineFeed && hash >= 0 && at >= from) return at;
  }
  return 0;
}

/** The first end in [from, to) behind a line feed; 0 if none. */
function findLine(buffer: Bytes, from: number, to: number): number {
  for (let end = from; end < to; end++) if (buffer[end - 1] === lineFeed) return end;
  return 0;
}
