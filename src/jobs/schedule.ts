import { Cron } from "croner";
import { SyncError } from "../errors.ts";

/**
 * When a schedule comes next, in milliseconds since 1970.
 *
 * @throws USAGE for what is none, or never comes
 */
export function nextTime(schedule: string, afterMs: number): number {
  const next = cronOf(schedule).nextRun(new Date(afterMs));
  if (!next) throw new SyncError("USAGE", `the time "${schedule}" never comes`);
  return next.getTime();
}

const cronFields = ["minute", "hour", "day", "month", "day of the week"];
const cronExample = '"30 2 * * 1-5" is half past two from Monday to Friday';

function cronOf(schedule: string): Cron {
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== cronFields.length)
    throw new SyncError(
      "USAGE",
      `a schedule has the five fields of cron: ${cronFields.join(", ")}; ${cronExample}`,
    );
  const cron = readCron(fields);
  if (cron) return cron;
  const wrong = fields.findIndex((field, i) => !readCron(cronFields.map((_, k) => (k === i ? field : "*"))));
  throw new SyncError(
    "USAGE",
    `a schedule has no such ${cronFields[wrong]} as "${fields[wrong]}"; ${cronExample}`,
  );
}

/** Undefined for fields that say no time. */
function readCron(fields: readonly string[]): Cron | undefined {
  try {
    return new Cron(fields.join(" "), { paused: true });
  } catch {
    return undefined;
  }
}
