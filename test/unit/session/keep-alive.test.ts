import { describe, expect, it } from "vitest";
import { KeepAlive } from "../../../src/session/keep-alive.ts";
import { decodePing, encodePing } from "../../../src/session/ping.ts";

const start = 1000;

function begin(keepAliveMs: number, stallMs = 60_000): KeepAlive {
  return new KeepAlive({ helloMs: 0, stallMs, keepAliveMs, minRateBytes: 0, paceMs: 0 }, start);
}

describe("what two ends tell each other by PINGs", () => {
  it("is due after silence, and never where it is off", () => {
    const keepAlive = begin(10_000);
    expect(keepAlive.isDue(start + 10_000, 0)).toBe(false);
    expect(keepAlive.isDue(start + 10_001, 0)).toBe(true);
    keepAlive.spoke(start + 10_001);
    expect(keepAlive.isDue(start + 10_002, 0)).toBe(false);
    expect(begin(0).isDue(start + 1e9, 1)).toBe(false);
  });

  it("is due as well when something has come that the peer was not told of", () => {
    const keepAlive = begin(10_000);
    keepAlive.spoke(start + 10_000);
    expect(keepAlive.isDue(start + 10_001, 5)).toBe(true);
    expect(decodePing(keepAlive.tell(start + 10_001, 5))).toEqual({ heardBytes: 5 });
    expect(keepAlive.isDue(start + 20_000, 5)).toBe(false);
    keepAlive.spoke(start + 20_001);
    expect(keepAlive.isDue(start + 20_002, 5)).toBe(false);
    expect(keepAlive.isDue(start + 20_002, 6)).toBe(true);
  });

  it("begins with how little silence is borne, where that is less than usual", () => {
    const keepAlive = begin(10_000, 39_999);
    expect(keepAlive.isDue(start, 0)).toBe(true);
    expect(decodePing(keepAlive.tell(start, 0))).toEqual({ heardBytes: 0, stallMs: 39_999 });
    expect(keepAlive.isDue(start, 0)).toBe(false);
    expect(begin(10_000, 40_000).isDue(start, 0)).toBe(false);
  });

  it("is due as often as the peer asks for, within reason", () => {
    const keepAlive = begin(10_000);
    keepAlive.hear(encodePing({ heardBytes: 0, stallMs: 8000 }), 0);
    expect(keepAlive.isDue(start + 2000, 0)).toBe(false);
    expect(keepAlive.isDue(start + 2001, 0)).toBe(true);
    keepAlive.hear(encodePing({ heardBytes: 0, stallMs: 1 }), 0);
    expect(keepAlive.isDue(start + 1000, 0)).toBe(false);
    expect(keepAlive.isDue(start + 1001, 0)).toBe(true);
  });

  it("confirms what came, and nothing else", () => {
    const keepAlive = begin(10_000);
    expect(keepAlive.isConfirmed).toBe(false);
    expect(keepAlive.hear(encodePing({ heardBytes: 7 }), 10)).toBe(7);
    expect(keepAlive.isConfirmed).toBe(true);
    expect(keepAlive.hear(encodePing({ heardBytes: 10 }), 10)).toBe(3);
    for (const heardBytes of [9, 11])
      expect(() => keepAlive.hear(encodePing({ heardBytes }), 10)).toThrow(
        expect.objectContaining({ code: "UNSOLICITED" }),
      );
  });
});
