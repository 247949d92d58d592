const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** A length of time in words, in the largest unit of which it holds one: `3 hours`. */
export function ageText(ageMs: number): string {
  const [unit, unitMs] = units.find(([, each]) => ageMs >= each) ?? ["second", 1000];
  const count = Math.max(0, Math.floor(ageMs / unitMs));
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
