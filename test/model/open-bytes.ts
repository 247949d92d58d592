import { decodeCredit } from "../../src/session/level-bytes.ts";
import type { FrameType } from "../../src/session/frame-types.ts";
import type { Windows } from "../../src/session/hello.ts";
import { sessionLimits } from "../../src/session/limits.ts";
import type { Bytes } from "../../src/types.ts";
import type { Flying } from "./setting.ts";

type Level = keyof Windows;

const levels: Partial<Record<FrameType, Level>> = {
  ENTRIES: "entries",
  CHUNKS: "chunks",
  PIECES: "chunks",
  DELTA: "data",
  PART: "data",
  DATA: "data",
  PUSH: "data",
};
const first = sessionLimits.firstWindowBytes;

/** Counts by the frames alone what a sender has under way at each level. */
export class OpenBytes {
  readonly open = { entries: 0, chunks: 0, data: 0 };
  #windows: Windows = { entries: first, chunks: first, data: first };
  readonly #offered: Windows;

  /** @param offered the windows of the receiver's HELLO */
  constructor(offered: Windows) {
    this.#offered = offered;
  }

  /** The sender begins to make a frame of this level. @throws when its window is full already */
  begin(level: Level): void {
    if (this.open[level] < this.#windows[level]) return;
    throw new Error(`${this.open[level]} of ${this.#windows[level]} bytes of ${level} are under way`);
  }

  /** The sender says a frame. What it is made of was begun before, or is content. */
  said(type: FrameType, payload: Bytes): void {
    const level = levels[type];
    if (level === undefined) return;
    if (type === "DATA" || type === "PUSH") this.begin("data");
    this.open[level] += payload.length;
  }

  /** The sender hears a frame. @throws when more is credited than is under way */
  heard({ type, payload }: Flying): void {
    if (type === "HELLO") this.#windows = this.#offered;
    if (type !== "CREDIT") return;
    const settled = decodeCredit(payload);
    for (const level of ["entries", "chunks", "data"] as const) {
      this.open[level] -= settled[level];
      if (this.open[level] < 0)
        throw new Error(`${-this.open[level]} bytes of ${level} too much are credited`);
    }
  }
}
