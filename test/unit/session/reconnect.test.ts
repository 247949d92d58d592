import { expect, test } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import {
  type AttemptSigns,
  type ReconnectOptions,
  type Retry,
  withRetries,
} from "../../../src/session/reconnect.ts";

/** A wait that no test outlives. */
const everMs = 2 ** 31 - 1;

test("a wait ends when nobody wants to wait, and the next one is as long as ever", async () => {
  const retries: Retry[] = [];
  let attemptCount = 0;
  const result = await withRetries(
    async (signs) => {
      signs.heard = true;
      attemptCount += 1;
      for (const { retryNow } of retries) retryNow(); // of waits that are over: they do nothing
      if (attemptCount < 3) throw new SyncError("PEER_GONE", "the connection broke");
      return "there";
    },
    {
      firstWaitMs: everMs,
      longestWaitMs: everMs,
      random: () => 1,
      onRetry(retry) {
        retries.push(retry);
        queueMicrotask(retry.retryNow);
      },
    },
  );
  expect(result).toBe("there");
  expect(retries.map(({ waitMs }) => waitMs)).toEqual([everMs, everMs]);
});

test("a wait ends with the signal's reason", async () => {
  const life = new AbortController();
  const run = withRetries(
    async (signs) => {
      signs.heard = true;
      throw new SyncError("PEER_GONE", "the connection broke");
    },
    {
      signal: life.signal,
      firstWaitMs: everMs,
      longestWaitMs: everMs,
      random: () => 1,
      onRetry: () => life.abort(new SyncError("ABORTED", "enough")),
    },
  );
  await expect(run).rejects.toMatchObject({ code: "ABORTED", message: "enough" });
});

/** Runs attempts that all fail, without waiting; resolves with the waits there would have been. */
async function waitsOf(
  fail: (attemptCount: number, signs: AttemptSigns) => SyncError,
  options: Omit<ReconnectOptions, "onRetry"> = {},
): Promise<{ readonly waits: number[]; readonly end: unknown }> {
  const waits: number[] = [];
  let attemptCount = 0;
  const end = await withRetries(
    async (signs) => {
      throw fail(++attemptCount, signs);
    },
    {
      ...options,
      onRetry({ waitMs, retryNow }) {
        waits.push(waitMs);
        queueMicrotask(retryNow);
      },
    },
  ).catch((thrown: unknown) => thrown);
  return { waits, end };
}

const broke = () => new SyncError("PEER_GONE", "the connection broke");

test.each([0, 0.5, 1 - Number.EPSILON])("waits grow, and span one to two minutes: %d", async (part) => {
  const fail = (_: number, signs: AttemptSigns) => ((signs.heard = true), broke());
  const { waits } = await waitsOf(fail, { random: () => part });
  const spanMs = waits.reduce((sum, ms) => sum + ms, 0);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(waits[0]).toBeGreaterThanOrEqual(250);
  expect(waits[0]).toBeLessThanOrEqual(500);
  expect(spanMs).toBeGreaterThanOrEqual(60_000);
  expect(spanMs).toBeLessThanOrEqual(125_000);
});

test("pareco 2: content that moves starts the count and the waits anew", async () => {
  const fail = (attemptCount: number, signs: AttemptSigns) => {
    signs.heard = true;
    signs.moved = attemptCount === 3;
    return broke();
  };
  const { waits } = await waitsOf(fail, { random: () => 1 });
  expect(waits.slice(0, 4)).toEqual([500, 1000, 500, 1000]);
  expect(waits).toHaveLength(2 + 9);
});

test("an attempt knows whether one before it moved content", async () => {
  const known: boolean[] = [];
  await waitsOf((attemptCount, signs) => {
    known.push(signs.movedBefore);
    signs.heard = true;
    signs.moved = attemptCount === 2;
    return broke();
  });
  expect(known.slice(0, 4)).toEqual([false, false, true, true]);
  expect(known.slice(4).every(Boolean)).toBe(true);
});

test("what was never heard is not tried again, and what was is, though nobody answers for a while", async () => {
  expect((await waitsOf(broke)).waits).toEqual([]);
  const once = (attemptCount: number, signs: AttemptSigns) => ((signs.heard = attemptCount === 1), broke());
  expect((await waitsOf(once)).waits).toHaveLength(9);
});

test("a place that somebody else writes to is waited for only when that may be our own broken session", async () => {
  const locked = () => new SyncError("LOCKED", "another session writes there", { remote: true });
  const first = await waitsOf((_, signs) => ((signs.heard = true), locked()));
  expect(first).toMatchObject({ waits: [], end: { code: "LOCKED" } });
  const later = await waitsOf((count, signs) => ((signs.heard = true), count === 1 ? broke() : locked()));
  expect(later.waits).toHaveLength(9);
});

test.each([
  ["NOT_FOUND", true, 0],
  ["USAGE", true, 0],
  ["PARTIAL", true, 0],
  ["ABORTED", true, 9],
  ["ABORTED", false, 0],
  ["STALLED", true, 9],
] as const)("%s (of the other end: %s) is tried again %d times", async (code, remote, count) => {
  const fail = (_: number, signs: AttemptSigns) => (
    (signs.heard = true),
    new SyncError(code, "", { remote })
  );
  expect((await waitsOf(fail)).waits).toHaveLength(count);
});
