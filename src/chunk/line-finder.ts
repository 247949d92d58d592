import type { Bytes } from "../types.ts";
import { linePieceSizes } from "./piece-rules.ts";

const lineFeed = 10;

/**
 * Writes the ends of the pieces in buffer[0 .. length) that are sure to `ends`: a piece ends behind
 * the first line feed that leaves it long enough, or where it is as long as it may be.
 *
 * @returns how many there are
 * @see docs/cutters.md, pieces
 */
export function findLineEnds(buffer: Bytes, length: number, ends: Uint32Array): number {
  const { minBytes, maxBytes } = linePieceSizes;
  let count = 0;
  for (let start = 0; length - start >= minBytes;) {
    const stop = Math.min(start + maxBytes, length);
    let end = start + minBytes;
    while (end < stop && buffer[end - 1] !== lineFeed) end++;
    if (buffer[end - 1] !== lineFeed && end < start + maxBytes) break;
    ends[count++] = end;
    start = end;
  }
  return count;
}
