/** The word that is most like this one, if one is like it at all. */
export function closest(word: string, among: readonly string[]): string | undefined {
  const ranked = among
    .map((other) => ({ other, edits: countEdits(word, other) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(1, best.other.length / 2) ? best.other : undefined;
}

/** Letters to change, add or drop on the way from one word to another (Levenshtein). */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const changed = row[j]! + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(changed, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
