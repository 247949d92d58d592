import { SyncError } from "../../errors.ts";

/** How many snapshots stay of each kind: the last ones, and the last one of each hour, day ... */
export interface Retention {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

const kinds = ["last", "hourly", "daily", "weekly", "monthly", "yearly"] as const;
const maxCount = 1_000_000;
const weekMs = 7 * 86_400_000;
/** 1970 began on a Thursday; weeks begin on Mondays. */
const mondayMs = 3 * 86_400_000;

/**
 * Reads a rule of what stays: `10` for the last ten, or `hourly:24,daily:7,weekly:4`.
 *
 * @throws USAGE
 */
export function parseRetention(text: string): Retention {
  if (/^\d+$/.test(text)) return { last: countIn(text) };
  const entries = text.split(",").map((part) => {
    const [, kind, count] = /^([a-z]+):(\d+)$/.exec(part) ?? [];
    const known = kinds.find((name) => name === kind);
    if (known === undefined || count === undefined) throw wrong(text);
    return [known, countIn(count)] as const;
  });
  if (new Set(entries.map(([kind]) => kind)).size < entries.length) throw wrong(text);
  return Object.fromEntries(entries);
}

function countIn(text: string): number {
  const count = Number(text);
  if (count < 1 || count > maxCount)
    throw new SyncError("USAGE", `from 1 to ${maxCount} snapshots can stay, not ${text}`);
  return count;
}

function wrong(text: string): SyncError {
  const all = kinds.slice(1).join(", ");
  return new SyncError(
    "USAGE",
    `what stays is a number, or such as daily:7,weekly:4 (last, ${all}), not "${text}"`,
  );
}

/**
 * The times of the snapshots that stay, the latest always among them; of equal ones that is the
 * last given. Of each hour, day, week that begins on a Monday, month and year, all in UTC, it is
 * the last one that counts.
 */
export function retained(times: readonly Date[], rule: Retention): ReadonlySet<Date> {
  const latestFirst = times.toSorted((a, b) => a.getTime() - b.getTime()).reverse();
  const kept = new Set(latestFirst.slice(0, Math.max(1, rule.last ?? 0)));
  for (const kind of kinds) {
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
