import { setMaxListeners } from "node:events";
import { SyncError } from "../../errors.ts";
import { maxRate } from "../../tree/order/order-fields.ts";
import type { Order } from "../../tree/order/order.ts";
import { readCount } from "./arguments.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { parseRate } from "./parse-rate.ts";

/** The option of the commands that send. */
export const rateOption = {
  bwlimit: {
    type: "string",
    value: "RATE",
    about: "send no more in a second: KiB, or such as 1.5M",
  },
} as const satisfies OptionSpecs;

/** How fast may be sent. @throws USAGE */
export function rateOf({ bwlimit }: OptionValues<typeof rateOption>): Pick<Order, "bytesPerSecond"> {
  if (bwlimit === undefined) return {};
  const rate = parseRate(bwlimit);
  if (rate === undefined || rate > maxRate)
    throw new SyncError("USAGE", `--bwlimit takes KiB a second, or such as 500K or 1.5M, not "${bwlimit}"`);
  return rate === 0 ? {} : { bytesPerSecond: rate };
}

/** Options of transfers about how long they may take. */
export const endingOptions = {
  "stop-after": {
    type: "string",
    value: "MINUTES",
    about: "stop after so many minutes; the next run goes on",
    unlike: "exits with 3, as for all that is done in part",
  },
  "stop-at": {
    type: "string",
    value: "TIME",
    about: "stop at a time: 2026-12-31T23:59, or a part of it such as 23:59",
    unlike: "exits with 3, as for all that is done in part",
  },
} as const satisfies OptionSpecs;

/** Minutes that can be asked for, a year: a timer holds no more than 24 days, so it is set anew. */
const maxMinutes = 525_600;
const maxTimerMs = 2 ** 31 - 1;

/**
 * The signal that ends a transfer: when the command is interrupted, or when the time has come that
 * the options name.
 *
 * @throws USAGE
 */
export function endingSignal(
  options: OptionValues<typeof endingOptions>,
  signal: AbortSignal,
  now = new Date(),
): AbortSignal {
  const minutes = readCount("stop-after", options["stop-after"], 1, maxMinutes);
  const at = options["stop-at"] === undefined ? undefined : parseStopTime(options["stop-at"], now);
  const ends = [
    ...(minutes === undefined ? [] : [now.getTime() + minutes * 60_000]),
    ...(at ? [at.getTime()] : []),
  ];
  if (ends.length === 0) return signal;
  const controller = new AbortController();
  const end = Math.min(...ends);
  const wait = (): void => {
    const leftMs = end - Date.now();
    if (leftMs > 0) setTimeout(wait, Math.min(leftMs, maxTimerMs)).unref();
    else controller.abort(new SyncError("PARTIAL", "the time is over; the next run goes on"));
  };
  wait();
  const ending = AbortSignal.any([signal, controller.signal]);
  setMaxListeners(0, ending); // as many chunks under way listen as to the one that was given
  return ending;
}

/**
 * A time as rsync's `--stop-at` takes it: `2026-12-31T23:59`, `12-31`, `31`, `23:59`; the next one
 * of the parts that are left out.
 *
 * @throws USAGE for what is no time to come
 */
export function parseStopTime(text: string, now: Date): Date {
  const [, year, month, day, hour, minute] =
    /^(?:(?:(?:(\d{4})[-/])?(\d{1,2})[-/])?(\d{1,2}))?(?:(?:^|[T\s])(\d{1,2}):(\d{1,2}))?$/.exec(text) ?? [];
  const given = [year, month, day, hour].map((part) => (part === undefined ? undefined : Number(part)));
  const time = nextTime(given as [number?, number?, number?, number?], Number(minute ?? 0), now);
  if (text !== "" && time && time > now) return time;
  throw new SyncError(
    "USAGE",
    `--stop-at takes a time to come, such as 2026-12-31T23:59 or 23:59, not "${text}"`,
  );
}

function nextTime(
  [year, month, day, hour]: readonly [number?, number?, number?, number?],
  minute: number,
  now: Date,
): Date | undefined {
  if (hour === undefined && day === undefined) return undefined;
  const base = [year ?? now.getFullYear(), (month ?? now.getMonth() + 1) - 1, day ?? now.getDate()] as const;
  const time = new Date(...base, hour ?? 0, minute);
  const isReal = time.getMonth() === base[1] && time.getDate() === base[2] && (hour ?? 0) < 24 && minute < 60;
  if (!isReal) return undefined;
  if (time > now || year !== undefined) return time;
  if (month !== undefined) time.setFullYear(time.getFullYear() + 1);
  else if (day !== undefined) time.setMonth(time.getMonth() + 1);
  else time.setDate(time.getDate() + 1);
  return time;
}
