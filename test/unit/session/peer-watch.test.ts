import { describe, expect, it } from "vitest";
import { PeerWatch } from "../../../src/session/peer-watch.ts";

const liveness = { helloMs: 3000, stallMs: 10_000, keepAliveMs: 0, minRateBytes: 0, paceMs: 0 };
const start = 1000;
const tickMs = 500;

function begin(options: Partial<typeof liveness> = {}) {
  const watch = new PeerWatch({ ...liveness, ...options }, start);
  return { watch, faultAt: (ms: number, isMid = false) => watch.findFault(start + ms, tickMs, isMid) };
}

describe("the watch over a peer", () => {
  it("gives its greeting one deadline, however it trickles in", () => {
    const { watch, faultAt } = begin();
    for (const at of [0, 1000, 2000, 3000]) {
      watch.listen(start + at);
      expect(faultAt(at)).toBeUndefined();
      watch.listened(1);
    }
    watch.listen(start + 3001);
    expect(faultAt(3001)).toBe("nothing was heard from the peer for 3 s");
  });

  it("counts silence from when a block is waited for", () => {
    const { watch, faultAt } = begin();
    watch.heardFrame();
    expect(faultAt(60_000)).toBeUndefined();
    watch.listen(start + 60_000);
    expect(faultAt(70_000)).toBeUndefined();
    expect(faultAt(70_001)).toBe("nothing was heard from the peer for 10 s");
    watch.listened(0);
    expect(faultAt(90_000)).toBeUndefined();
  });

  it("waits for ever where it is told to", () => {
    const { watch, faultAt } = begin({ helloMs: 0, stallMs: 0 });
    watch.listen(start);
    expect(faultAt(1e9)).toBeUndefined();
    watch.heardFrame();
    expect(faultAt(1e9)).toBeUndefined();
    watch.listened(0);
    watch.beginWrite();
    expect(faultAt(1e9)).toBeUndefined();
  });

  it("sees whether what is sent is taken while nobody listens", () => {
    const { watch, faultAt } = begin();
    watch.beginWrite();
    watch.beginPiece(start + 5000, 1);
    expect(faultAt(15_000)).toBeUndefined();
    expect(faultAt(15_001)).toBe("the peer took nothing for 10 s");
    watch.endWrite();
    expect(faultAt(15_001)).toBeUndefined();
  });

  it("gives a peer that takes nothing any more a moment to say why", () => {
    const { watch, faultAt } = begin();
    watch.heardFrame();
    watch.listen(start);
    watch.break(start + 1000);
    watch.break(start + 4000);
    expect(faultAt(6000)).toBeUndefined();
    expect(faultAt(6001)).toBe("the peer takes nothing any more, and says nothing");
  });

  it("gives it another one to close its side, whatever it says meanwhile", () => {
    const { watch, faultAt } = begin({ minRateBytes: 1, paceMs: 1 });
    watch.linger(start);
    watch.listen(start + 1900);
    watch.listened(100);
    expect(faultAt(2000, true)).toBeUndefined();
    expect(faultAt(2001)).toBe("the peer did not close the connection");
  });

  const slow = { minRateBytes: 1000, paceMs: 1000 };
  it("bears a peer that takes less than the least rate for as long as that is averaged over", () => {
    const { watch, faultAt } = begin(slow);
    expect(watch.pieceBytes).toBe(1000);
    watch.beginWrite();
    watch.beginPiece(start, 500);
    const found = [500, 1000, 1500, 2000].map((at) => faultAt(at));
    const fault = "the peer took less than 1000 bytes a second for 1 s";
    expect(found).toEqual([undefined, undefined, undefined, fault]);
    watch.moved(1000);
    expect(faultAt(2500)).toBeUndefined();
  });

  it("asks the same of the rest of a frame, and saves no time that was not needed", () => {
    const { watch, faultAt } = begin(slow);
    watch.listen(start);
    watch.listened(100_000);
    watch.listen(start);
    for (const at of [500, 1000, 1500]) expect(faultAt(at, false)).toBeUndefined();
    expect([500, 1000, 1500].map((at) => faultAt(at, true))).toEqual([
      undefined,
      undefined,
      "the peer sent less than 1000 bytes a second for 1 s",
    ]);
  });

  it("has one deadline for a farewell, which asks for no rate, however often the last word is said", () => {
    const { watch, faultAt } = begin({ minRateBytes: 1000, paceMs: 1000 });
    watch.heardFrame();
    watch.linger(start);
    watch.beginWrite();
    for (const at of [500, 1000, 1500, 2000]) {
      watch.linger(start + at);
      expect(faultAt(at)).toBeUndefined();
    }
    expect(faultAt(2001)).toBe("the peer did not close the connection");
  });
});
