import { SyncError } from "../errors.ts";

/** The numbers 0 to k - 1 in some order; it says how positions of a chunk list are spread. */
export type Permutation = readonly number[];

/** Leaves every list in its order; it gives the shortest wishlist. */
export const trivialPermutation: Permutation = [0];

/** Elements that a permutation may have unless the caller says otherwise. */
export const maxPermutationCount = 1024;

/**
 * Refuses what is not a permutation.
 *
 * @throws BAD_PERMUTATION when it is empty or not the numbers 0 to k - 1; LIMIT when it is too long
 */
export function checkPermutation(perm: Permutation, limit = maxPermutationCount): void {
  const count = perm.length;
  if (count === 0) throw new SyncError("BAD_PERMUTATION", "permutation has no elements");
  if (count > limit) {
    throw new SyncError("LIMIT", `permutation has ${count} elements, at most ${limit} are allowed`, {
      detail: { limit, actual: count },
    });
  }
  const seen = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const element = perm[index]!;
    if (!Number.isInteger(element) || element < 0 || element >= count || seen[element] === 1) {
      throw new SyncError("BAD_PERMUTATION", "permutation is not the numbers 0 to k - 1 in some order", {
        detail: { index },
      });
    }
    seen[element] = 1;
  }
}

/**
 * The permutation that undoes a shuffle when the shuffled values go through a shuffler again: they
 * then come out in their first order, k - 1 steps late. It is not the plain inverse.
 *
 * @see docs/formats.md, the cyclic shuffle
 */
export function invertPermutation(perm: Permutation): Permutation {
  const count = perm.length;
  const inverse = new Array<number>(count);
  for (let i = 0; i < count; i++) inverse[perm[i]!] = (count - 1 + i) % count;
  return inverse;
}

/**
 * Draws a permutation, every one with the same chance (Fisher and Yates).
 *
 * @param count elements, at least 1
 * @param randomBelow gives a whole number from 0 up to but not including its argument
 */
export function randomPermutation(count: number, randomBelow: (limit: number) => number): Permutation {
  const perm = Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const other = randomBelow(last + 1);
    [perm[last], perm[other]] = [perm[other]!, perm[last]!];
  }
  return perm;
}
