import { expect, test } from "vitest";
import { Pause } from "../../../src/bytes/pause.node.ts";

/** Longer than any slice. */
function workLong(): void {
  const until = performance.now() + 6;
  while (performance.now() < until);
}

async function busy(name: string, steps: number, log: string[]): Promise<void> {
  const pause = new Pause();
  for (let step = 0; step < steps; step++) {
    await pause.take();
    log.push(name);
    workLong();
  }
}

test("all that is busy takes turns, whoever came first", async () => {
  const log: string[] = [];
  await Promise.all(["a", "b", "c", "d"].map((name) => busy(name, 5, log)));
  const rounds = Array.from({ length: 5 }, (_, round) => log.slice(4 * round, 4 * round + 4).toSorted());
  for (const round of rounds) expect(round).toEqual(["a", "b", "c", "d"]);
});

test("a hundred that are busy let the event loop turn after each slice, not after a hundred", async () => {
  const log: string[] = [];
  let ticking = true;
  const tick = (): void => {
    log.push("tick");
    if (ticking) setImmediate(tick);
  };
  setImmediate(tick);
  await Promise.all(Array.from({ length: 100 }, () => busy("work", 2, log)));
  ticking = false;
  const works = log
    .join(" ")
    .split("tick")
    .map((between) => between.trim().split(" ").filter(Boolean).length);
  expect(Math.max(...works)).toBeLessThanOrEqual(2);
});

test("the slice is the process's: who comes to a turn that is used up waits, too", async () => {
  await new Promise(setImmediate);
  const [first, second] = [new Pause(), new Pause()];
  first.due();
  workLong();
  expect(second.due()).toBe(true);
});

test("one who waits goes on though nobody else works", async () => {
  await new Promise(setImmediate);
  await new Pause().take();
});

test("what is aborted goes no further", () => {
  const reason = new Error("enough");
  expect(() => new Pause(AbortSignal.abort(reason)).due()).toThrow(reason);
});

test("what is aborted while it waits does no more work", async () => {
  const life = new AbortController();
  const pause = new Pause(life.signal);
  const waiting = pause.take();
  const reason = new Error("closed");
  life.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
