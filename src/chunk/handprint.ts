import { compareBytes } from "../bytes/compare.ts";
import type { ChunkId } from "./chunk.ts";

/**
 * The smallest ids of a blob's chunks, ascending. Blobs that share many of them have much in
 * common.
 *
 * @param ids of all chunks; an id that comes twice counts twice
 * @param count how many, as far as there are; 5 is usual
 * @see docs/cutters.md, handprints
 */
export function handprint(ids: Iterable<ChunkId>, count = 5): ChunkId[] {
  const smallest: ChunkId[] = [];
  for (const id of ids) {
    const largest = smallest.at(-1);
    if (smallest.length === count && (largest === undefined || compareBytes(id, largest) >= 0)) continue;
    const place = smallest.findIndex((other) => compareBytes(id, other) < 0);
    smallest.splice(place < 0 ? smallest.length : place, 0, id);
    smallest.length = Math.min(smallest.length, count);
  }
  return smallest;
}
