import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Latest } from "../../../src/ui/latest.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const told: number[] = [];
const latestOf = () => {
  told.length = 0;
  return new Latest<number>(100, (value) => void told.push(value));
};

it("tells the first at once, and then the latest of each interval", () => {
  const latest = latestOf();
  for (let value = 1; value <= 5; value++) {
    latest.set(value);
    vi.advanceTimersByTime(40);
  }
  expect(told).toEqual([1, 3, 5]);
});

it("keeps nothing back when nothing more comes", () => {
  const latest = latestOf();
  for (const value of [1, 2, 3]) latest.set(value);
  expect(told).toEqual([1]);
  vi.advanceTimersByTime(100);
  expect(told).toEqual([1, 3]);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([1, 3]);
  expect(vi.getTimerCount()).toBe(0);
  latest.set(4);
  expect(told).toEqual([1, 3, 4]);
});

it("tells what is left before something else is told, and nothing behind that", () => {
  const latest = latestOf();
  for (const value of [1, 2]) latest.set(value);
  latest.flush();
  expect(told).toEqual([1, 2]);
  latest.flush();
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([1, 2]);
});
