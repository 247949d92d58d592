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

/** Their names. */
export const retentionKinds = ["last", "hourly", "daily", "weekly", "monthly", "yearly"] as const;
const maxCount = 1_000_000;

/**
 * Reads a rule of what stays: `10` for the last ten, or `hourly:24,daily:7,weekly:4`.
 *
 * @throws USAGE
 */
export function parseRetention(text: string): Retention {
  if (/^\d+$/.test(text)) return { last: countIn(text) };
  const entries = text.split(",").map((part) => {
    const [, kind, count] = /^([a-z]+):(\d+)$/.exec(part) ?? [];
    const known = retentionKinds.find((name) => name === kind);
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
  const all = retentionKinds.slice(1).join(", ");
  return new SyncError(
    "USAGE",
    `what stays is a number, or such as daily:7,weekly:4 (last, ${all}), not "${text}"`,
  );
}
