import { describe, expect, it } from "vitest";
import { endingSignal, parseStopTime } from "../../../src/cli/options/pace-options.ts";
import { parseRate } from "../../../src/cli/options/parse-rate.ts";

describe("a rate", () => {
  it.each([
    ["100", 102_400],
    ["1.5", 1536],
    ["0", 0],
    ["100K", 102_400],
    ["1m", 1_048_576],
    ["1.5M", 1_572_864],
    ["1MB", 1_000_000],
    ["1MiB", 1_048_576],
    ["512B", 512],
    ["2G", 2_147_483_648],
  ])("%s is %d bytes a second", (text, bytes) => {
    expect(parseRate(text)).toBe(bytes);
  });

  it.each(["", "-1", "x", "1T", "1.", ".5", "1e3", "1 M", "1K1"])("%j is none", (text) => {
    expect(parseRate(text)).toBeUndefined();
  });
});

describe("a time to stop at", () => {
  const now = new Date(2026, 10, 29, 12, 30);

  it.each([
    ["2026-12-31T23:59", new Date(2026, 11, 31, 23, 59)],
    ["2027/1/2", new Date(2027, 0, 2)],
    ["12-31T00:00", new Date(2026, 11, 31)],
    ["1-2", new Date(2027, 0, 2)],
    ["30T1:00", new Date(2026, 10, 30, 1)],
    ["28", new Date(2026, 11, 28)],
    ["12:31", new Date(2026, 10, 29, 12, 31)],
    ["12:30", new Date(2026, 10, 30, 12, 30)],
  ])("%s", (text, time) => {
    expect(parseStopTime(text, now)).toEqual(time);
  });

  it.each(["", "noon", "2026-11-29T12:30", "2026-13-01", "2026-2-30", "25:00", "1:60", "T"])(
    "%j is none",
    (text) => {
      expect(() => parseStopTime(text, now)).toThrow(expect.objectContaining({ code: "USAGE" }));
    },
  );
});

describe("what ends a transfer", () => {
  const { signal } = new AbortController();

  it("is the interrupt alone unless a time is named", () => {
    expect(endingSignal({}, signal)).toBe(signal);
  });

  it("is the time, when that is over", () => {
    const past = new Date(Date.now() - 61_000);
    const { aborted, reason } = endingSignal({ "stop-after": "1" }, signal, past);
    expect([aborted, reason.code]).toEqual([true, "PARTIAL"]);
  });

  it("is the interrupt, too", () => {
    const controller = new AbortController();
    const ending = endingSignal({ "stop-after": "1" }, controller.signal);
    expect(ending.aborted).toBe(false);
    controller.abort(new Error("interrupted"));
    expect(ending.reason.message).toBe("interrupted");
  });
});
