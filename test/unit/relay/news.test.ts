import { expect, test } from "vitest";
import { News } from "../../../src/relay/news.ts";

test("wakes those who wait for it, once, and nobody else", () => {
  const news = new News<string>();
  const woken: string[] = [];
  news.listen("a", () => woken.push("a1"));
  news.listen("a", () => woken.push("a2"));
  const callOff = news.listen("b", () => woken.push("b"));
  news.tell("a");
  news.tell("a");
  expect(woken).toEqual(["a1", "a2"]);
  callOff();
  news.tellAll();
  expect(woken).toEqual(["a1", "a2"]);
});

test("who listens again while being woken hears of the next change, not of this one", () => {
  const news = new News<string>();
  let count = 0;
  const again = (): void => {
    count += 1;
    news.listen("a", again);
  };
  again();
  news.tell("a");
  news.tellAll();
  expect(count).toBe(3);
});

test("to call off late takes nobody else's word away", () => {
  const news = new News<string>();
  let woken = false;
  const late = news.listen("a", () => {});
  news.tell("a");
  news.listen("a", () => (woken = true));
  late();
  news.tell("a");
  expect(woken).toBe(true);
});

test("waits for a change, or until aborted", async () => {
  const news = new News<string>();
  const life = new AbortController();
  const waits = [news.wait("a", undefined), news.wait("a", life.signal)];
  life.abort(new Error("enough"));
  await expect(waits[1]).rejects.toThrow("enough");
  news.tell("a");
  await waits[0];
});
