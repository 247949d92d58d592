import { describe, expect, it } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { sessionLimits } from "../../../src/session/limits.ts";
import { OutgoingFrames } from "../../../src/session/outgoing-frames.ts";
import { noTotals } from "../../../src/session/sender-action.ts";
import { SenderTroubles } from "../../../src/session/sender-troubles.ts";

const error = new SyncError("IO", "no luck");

function begin() {
  const totals = noTotals();
  const frames = new OutgoingFrames({ isDuplex: true });
  const reported: SyncError[] = [];
  const troubles = new SenderTroubles(totals, frames, { onTrouble: (told) => reported.push(told) });
  return { totals, frames, reported, troubles };
}

describe("what a sender cannot send", () => {
  it("is told to the receiver where it is not listed, up to a limit", () => {
    const { totals, frames, reported, troubles } = begin();
    const count = sessionLimits.keptTroubleCount + 1;
    for (let at = 0; at < count; at++) troubles.unlisted(error, at === 0);
    expect(totals).toMatchObject({ troubles: count, untold: 1 });
    expect(reported.length).toBe(count);
    let toldCount = 0;
    while (frames.take()?.type === "UNLISTED") toldCount += 1;
    expect(toldCount).toBe(sessionLimits.keptTroubleCount);
  });

  it("is reported once for a file, by its path, of which the receiver hears by other frames", () => {
    const { totals, frames, reported, troubles } = begin();
    const place = { parent: undefined, name: new TextEncoder().encode("a"), isOpen: false, pathBytes: 1 };
    for (let at = 0; at < 3; at++) troubles.unsent(place, error);
    troubles.unsent({ ...place }, error);
    troubles.unsent(undefined, error);
    expect(totals.troubles).toBe(2);
    expect(reported.map(({ detail }) => detail?.["path"])).toEqual(["a", "a"]);
    expect(frames.take()).toBeUndefined();
  });

  it("is told apart from what the receiver cannot bring about", () => {
    const { totals, reported, troubles } = begin();
    troubles.failed(error);
    troubles.failed(new SyncError("SKIPPED", "a pipe"));
    expect(totals).toMatchObject({ troubles: 0, failed: 1, skipped: 1 });
    expect(reported.length).toBe(2);
  });
});
