import { equalBytes } from "../bytes/compare.ts";
import { toHex } from "../bytes/hex.ts";
import { IdMap } from "../bytes/id-map.ts";
import type { ChunkInfo } from "../chunk/chunk.ts";

/** Which entries of a list have the same id. */
export interface DistinctChunks {
  /** For each entry the place of the first entry with its id. */
  readonly firstOf: Uint32Array;
  /** At the place of a first entry: how many entries have its id. Elsewhere 0. */
  readonly useCount: Uint32Array;
}

/** Finds the repetitions in a list. Memory: about 40 bytes an entry. */
export function findDistinct(chunks: readonly ChunkInfo[]): DistinctChunks {
  const firstOf = new Uint32Array(chunks.length);
  const useCount = new Uint32Array(chunks.length);
  const known = new IdMap();
  // Ids that share their first 8 bytes with another one; only an attack makes any.
  const twins = new Map<string, number>();
  chunks.forEach(({ id }, index) => {
    const candidate = known.get(id);
    let first = candidate;
    if (candidate === undefined) {
      known.set(id, index);
    } else if (!equalBytes(chunks[candidate]!.id, id)) {
      const digits = toHex(id);
      first = twins.get(digits);
      if (first === undefined) twins.set(digits, index);
    }
    firstOf[index] = first ?? index;
    useCount[first ?? index]!++;
  });
  return { firstOf, useCount };
}
