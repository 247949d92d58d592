import { describe, expect, it, test } from "vitest";
import { retained } from "../../../../src/tree/plan/retained.ts";
import { parseRetention } from "../../../../src/tree/plan/retention.ts";

const at = (...texts: readonly string[]) => texts.map((text) => new Date(`${text}:00:00Z`));
const kept = (times: readonly Date[], rule: string) =>
  [...retained(times, parseRetention(rule))].map((time) => time.toISOString().slice(0, 13)).sort();

describe("what stays", () => {
  const times = at(
    "2026-10-31T10",
    "2026-11-01T10",
    "2026-11-22T09", // a Sunday
    "2026-11-23T10",
    "2026-11-28T01",
    "2026-11-29T01",
    "2026-11-29T02",
  );

  it.each([
    ["1", ["2026-11-29T02"]],
    ["3", ["2026-11-28T01", "2026-11-29T01", "2026-11-29T02"]],
    ["daily:2", ["2026-11-28T01", "2026-11-29T02"]],
    ["hourly:2", ["2026-11-29T01", "2026-11-29T02"]],
    ["weekly:3", ["2026-11-01T10", "2026-11-22T09", "2026-11-29T02"]],
    ["monthly:5", ["2026-10-31T10", "2026-11-29T02"]],
    ["yearly:1,last:2", ["2026-11-29T01", "2026-11-29T02"]],
    ["daily:1,monthly:2", ["2026-10-31T10", "2026-11-29T02"]],
  ])("%s", (rule, expected) => {
    expect(kept(times, rule)).toEqual(expected);
    expect(kept(times.toReversed(), rule)).toEqual(expected);
  });
});

test("the latest always stays, and nothing of nothing", () => {
  expect(kept(at("2026-11-29T02"), "monthly:1")).toHaveLength(1);
  expect(kept([], "10")).toEqual([]);
});

test.each(["", "0", "x", "-1", "daily", "daily:0", "daily:x", "daily:1,daily:2", "daily:1,", "1000001"])(
  "%j is no rule",
  (text) => {
    expect(() => parseRetention(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
  },
);
