import { expect, test } from "vitest";
import { RequestWindow, requestWindowLimits } from "../../../src/bucket/request-window.ts";

/**
 * Asks a server that answers after `latencyMs` and no more than `perMs` times in a millisecond, by
 * a clock of its own; returns the milliseconds that it took.
 */
async function ask(
  count: number,
  latencyMs: number,
  perMs: number,
  window: RequestWindow,
  clock: { ms: number },
) {
  const answers: { readonly at: number; answer(): void }[] = [];
  let lineFreeAt = 0;
  let mostCount = 0;
  let doneCount = 0;
  const one = async (): Promise<void> => {
    await window.enter(undefined);
    lineFreeAt = Math.max(lineFreeAt, clock.ms + latencyMs) + 1 / perMs;
    await new Promise<void>((answer) => answers.push({ at: lineFreeAt, answer }));
    window.leave();
    doneCount++;
  };
  const began = clock.ms;
  const all = Promise.all(Array.from({ length: count }, one));
  while (doneCount < count) {
    for (let i = 0; i < 10; i++) await Promise.resolve();
    mostCount = Math.max(mostCount, answers.length);
    const next = answers.shift();
    if (next === undefined) continue;
    clock.ms = Math.max(clock.ms, next.at);
    next.answer();
  }
  await all;
  return { ms: clock.ms - began, mostCount };
}

test("a line on which each request takes its time is filled to nine tenths", async () => {
  // 100 Mbit/s and chunks of 40 KB, 100 ms away: 0.3 chunks in a millisecond.
  const clock = { ms: 0 };
  const { ms } = await ask(5000, 100, 0.3, new RequestWindow(undefined, () => clock.ms), clock);
  expect(5000 / 0.3 / ms).toBeGreaterThan(0.9);
});

test("a near server that is busy gets no more requests than keep it busy", async () => {
  const clock = { ms: 0 };
  const { mostCount } = await ask(3000, 0.1, 1, new RequestWindow(undefined, () => clock.ms), clock);
  expect(mostCount).toBeLessThanOrEqual(2 * requestWindowLimits.firstRequestCount);
});

test("never more requests are under way than are set, or than there may be at most", async () => {
  const clock = { ms: 0 };
  const now = () => clock.ms;
  expect((await ask(500, 100, 10, new RequestWindow(7, now), clock)).mostCount).toBe(7);
  const open = await ask(20_000, 1000, 100, new RequestWindow(undefined, now), clock);
  expect(open.mostCount).toBe(requestWindowLimits.maxRequestCount);
});

test("who stops waiting leaves its turn to the next", async () => {
  const window = new RequestWindow(1);
  await window.enter(undefined);
  const ending = new AbortController();
  const gone = window.enter(ending.signal);
  const next = window.enter(undefined);
  ending.abort(new Error("enough"));
  window.leave();
  await expect(gone).rejects.toThrow("enough");
  await next;
});
