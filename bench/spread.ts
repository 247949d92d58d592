/** The middle one of some values; the mean of the middle two when their count is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The least, the middle and the greatest of some values. */
export function spread(values: readonly number[]): readonly [least: number, middle: number, most: number] {
  return [Math.min(...values), median(values), Math.max(...values)];
}
