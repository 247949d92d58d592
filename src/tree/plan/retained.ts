import { type Retention, retentionKinds } from "./retention.ts";

const weekMs = 7 * 86_400_000;
/** 1970 began on a Thursday; weeks begin on Mondays. */
const mondayMs = 3 * 86_400_000;

/**
 * The times of the snapshots that stay, the latest always among them; of equal ones that is the
 * last given. Of each hour, day, week that begins on a Monday, month and year, all in UTC, it is
 * the last one that counts.
 */
export function retained(times: readonly Date[], rule: Retention): ReadonlySet<Date> {
  const latestFirst = times.toSorted((a, b) => a.getTime() - b.getTime()).reverse();
  const kept = new Set(latestFirst.slice(0, Math.max(1, rule.last ?? 0)));
  for (const kind of retentionKinds) {
    if (kind !== "last")
      for (const time of lastOfEach(latestFirst, periodOf[kind], rule[kind] ?? 0)) kept.add(time);
  }
  return kept;
}

const periodOf = {
  hourly: (time: Date) => time.toISOString().slice(0, 13),
  daily: (time: Date) => time.toISOString().slice(0, 10),
  weekly: (time: Date) => String(Math.floor((time.getTime() + mondayMs) / weekMs)),
  monthly: (time: Date) => time.toISOString().slice(0, 7),
  yearly: (time: Date) => time.toISOString().slice(0, 4),
} as const;

function* lastOfEach(
  latestFirst: readonly Date[],
  period: (time: Date) => string,
  count: number,
): Generator<Date> {
  const seen = new Set<string>();
  for (const time of latestFirst) {
    if (seen.size === count) return;
    const name = period(time);
    if (seen.has(name)) continue;
    seen.add(name);
    yield time;
  }
}
