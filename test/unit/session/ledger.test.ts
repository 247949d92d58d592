import { describe, expect, it } from "vitest";
import { Ledger } from "../../../src/session/ledger.ts";
import { sessionLimits } from "../../../src/session/limits.ts";

const windows = { entries: 4000, chunks: 8000, data: 16_000 };

describe("a receiver's account of what the sender has under way", () => {
  it.each(["entries", "chunks"] as const)("has a window for %s, with one frame beyond it", (level) => {
    const limit = windows[level] + sessionLimits.frameBytes;
    const ledger = new Ledger(windows);
    const frame = ledger.enter(level, limit);
    expect(() => ledger.enter(level, 1)).toThrow(
      expect.objectContaining({ code: "LIMIT", detail: { limit } }),
    );
    const other = new Ledger(windows);
    other.pay(other.enter(level, limit));
    expect(() => other.enter(level, limit)).not.toThrow();
    expect(frame.open).toBe(1);
  });

  it("is credited for frames of which all is done, when a quarter of a window has come together", () => {
    const ledger = new Ledger(windows);
    const frame = ledger.enter("entries", 1000);
    frame.open += 1;
    ledger.pay(frame);
    expect(ledger.due()).toBeUndefined();
    ledger.pay(frame);
    ledger.payData(7);
    expect(ledger.due()).toEqual({ entries: 1000, chunks: 0, data: 7 });
    expect(ledger.due()).toBeUndefined();
  });
});
