import { describe, expect, it } from "vitest";
import type { Level } from "../../../src/session/level-bytes.ts";
import { encodeCredit } from "../../../src/session/level-bytes.ts";
import { sessionLimits } from "../../../src/session/limits.ts";
import { OutgoingFrames } from "../../../src/session/outgoing-frames.ts";

const first = sessionLimits.firstWindowBytes;
const windows = { entries: first, chunks: first, data: first };

function squeezeOf(frames: OutgoingFrames, bytes = 1): string | undefined {
  frames.sendContent("DATA", new Uint8Array(bytes));
  return frames.take()?.squeeze;
}

describe("the frames that a sender has yet to say", () => {
  it("are taken in their order", () => {
    const frames = new OutgoingFrames({ isDuplex: true });
    frames.sendEntries(Uint8Array.of(1));
    frames.sendContent("DATA", Uint8Array.of(2));
    frames.send("LISTED", Uint8Array.of());
    const taken = [frames.take(), frames.take(), frames.take(), frames.take()];
    expect(taken.map((frame) => frame?.type)).toEqual(["ENTRIES", "DATA", "LISTED", undefined]);
  });

  const sending: [Level, (frames: OutgoingFrames, payload: Uint8Array<ArrayBuffer>) => void][] = [
    ["entries", (frames, payload) => frames.sendEntries(payload)],
    ["chunks", (frames, payload) => frames.sendList("PIECES", payload)],
    ["data", (frames, payload) => frames.sendUpdate("DELTA", payload)],
    ["data", (frames, payload) => frames.sendContent("PUSH", payload)],
  ];
  it.each(sending)("fill the window of %s alone until that is credited", (level, send) => {
    const frames = new OutgoingFrames({ isDuplex: true });
    send(frames, new Uint8Array(first));
    expect(["entries", "chunks", "data"].filter((each) => !frames.isOpen(each as Level))).toEqual([level]);
    frames.credit(encodeCredit({ entries: 0, chunks: 0, data: 0, [level]: 1 }));
    expect(frames.isOpen(level)).toBe(true);
  });

  it("are compressed as the receiver asks, its first content in any case", () => {
    const frames = new OutgoingFrames({ isDuplex: true });
    expect(squeezeOf(frames, sessionLimits.compressedBytes)).toBe("content");
    expect(squeezeOf(frames)).toBe("none");
    frames.agreed({ compress: true, brotli: false }, windows);
    expect(squeezeOf(frames)).toBe("content");
    frames.agreed({ compress: true, brotli: true }, windows);
    expect(squeezeOf(frames)).toBe("brotli");
  });

  it("hold content as it is where compression is off, or nobody answers", () => {
    expect(squeezeOf(new OutgoingFrames({ isDuplex: true, compress: false }))).toBe("none");
    expect(squeezeOf(new OutgoingFrames({ isDuplex: false }))).toBe("none");
    expect(squeezeOf(new OutgoingFrames({ isDuplex: false, compress: true }))).toBe("content");
  });
});
