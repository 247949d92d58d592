import { expect, test } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { type Retry, withRetries } from "../../../src/session/reconnect.ts";

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
