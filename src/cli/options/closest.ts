/** Of so many letters one may be wrong, beside the first wrong one. */
const lettersPerSlip = 4;
/** What is shorter is like too much. */
const leastLetters = 3;

/**
 * The word that was meant, most likely: one that this is the beginning of, or one with few slips in
 * it. Undefined when it may as well be another, or none.
 */
export function closest(word: string, among: readonly string[]): string | undefined {
  const meant = word.toLowerCase().replaceAll("_", "-");
  if (meant.length >= leastLetters) {
    const longer = among.filter((other) => other.startsWith(meant));
    const shortest = longer.find((one) => longer.every((other) => other.startsWith(one)));
    if (shortest !== undefined) return shortest;
  }
  const ranked = among
    .map((other) => ({ other, slips: countSlips(meant, other) }))
    .sort((a, b) => a.slips - b.slips);
  const [best, second] = ranked;
  if (best === undefined || best.slips === second?.slips) return undefined;
  const length = Math.min(meant.length, best.other.length);
  return length >= leastLetters && best.slips <= Math.max(1, Math.floor(length / lettersPerSlip))
    ? best.other
    : undefined;
}

/**
 * Letters to change, add or drop, and neighbours to change over, on the way from one word to
 * another.
 */
function countSlips(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const changed = row[j]! + (from[i] === to[j] ? 0 : 1);
      const turned = i > 0 && j > 0 && from[i] === to[j - 1] && from[i - 1] === to[j];
      const swapped = turned ? before[j - 1]! + 1 : Infinity;
      next.push(Math.min(changed, row[j + 1]! + 1, next[j]! + 1, swapped));
    }
    [before, row] = [row, next];
  }
  return row[to.length]!;
}
