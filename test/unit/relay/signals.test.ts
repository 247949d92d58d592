import { expect, test } from "vitest";
import { Signals } from "../../../src/relay/signals.ts";

test("wakes those who wait for it, once, and nobody else", () => {
  const signals = new Signals<string>();
  const woken: string[] = [];
  signals.listen("a", () => woken.push("a1"));
  signals.listen("a", () => woken.push("a2"));
  const callOff = signals.listen("b", () => woken.push("b"));
  signals.tell("a");
  signals.tell("a");
  expect(woken).toEqual(["a1", "a2"]);
  callOff();
  signals.tellAll();
  expect(woken).toEqual(["a1", "a2"]);
});

test("who listens again while being woken hears of the next change, not of this one", () => {
  const signals = new Signals<string>();
  let count = 0;
  const again = (): void => {
    count += 1;
    signals.listen("a", again);
  };
  again();
  signals.tell("a");
  signals.tellAll();
  expect(count).toBe(3);
});

test("to call off late takes nobody else's word away", () => {
  const signals = new Signals<string>();
  let woken = false;
  const late = signals.listen("a", () => {});
  signals.tell("a");
  signals.listen("a", () => (woken = true));
  late();
  signals.tell("a");
  expect(woken).toBe(true);
});

test("waits for a change, or until aborted", async () => {
  const signals = new Signals<string>();
  const life = new AbortController();
  const waits = [signals.wait("a", undefined), signals.wait("a", life.signal)];
  life.abort(new Error("enough"));
  await expect(waits[1]).rejects.toThrow("enough");
  signals.tell("a");
  await waits[0];
});
