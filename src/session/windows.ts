import { SyncError } from "../errors.ts";
import type { Windows } from "./hello.ts";
import { decodeCredit, type Level } from "./level-bytes.ts";
import { sessionLimits } from "./limits.ts";
import type { Bytes } from "../types.ts";

const first = sessionLimits.firstWindowBytes;
/** Before the receiver was heard. */
const firstWindows: Windows = { entries: first, chunks: first, data: first };
/** Where nobody is heard, lists and content go out as they are made; entries wait for them. */
const oneWayWindows: Windows = {
  entries: sessionLimits.oneWayEntriesBytes,
  chunks: Number.POSITIVE_INFINITY,
  data: Number.POSITIVE_INFINITY,
};

/** A sender's account of what is under way at each level, in bytes. */
export class SenderWindows {
  readonly #open = { entries: 0, chunks: 0, data: 0 };
  #limits: Windows;

  constructor(isDuplex: boolean) {
    this.#limits = isDuplex ? firstWindows : oneWayWindows;
  }

  /** The receiver has said how much it takes. */
  widen(offered: Windows): void {
    const factor = sessionLimits.windowCeilingFactor;
    this.#limits = {
      entries: Math.min(offered.entries, factor * sessionLimits.entriesWindowBytes),
      chunks: Math.min(offered.chunks, factor * sessionLimits.chunksWindowBytes),
      data: Math.min(offered.data, factor * sessionLimits.dataWindowBytes),
    };
  }

  /** True when one more frame may go out. */
  isOpen(level: Level): boolean {
    return this.#open[level] < this.#limits[level];
  }

  add(level: Level, bytes: number): void {
    this.#open[level] += bytes;
  }

  settle(level: Level, bytes: number): void {
    this.#open[level] -= bytes;
  }

  /** What a CREDIT frame says. @throws UNSOLICITED, BAD_MESSAGE */
  credit(payload: Bytes): void {
    const { entries, chunks, data } = decodeCredit(payload);
    const open = this.#open;
    if (entries > open.entries || chunks > open.chunks || data > open.data)
      throw new SyncError("UNSOLICITED", "the receiver settled more than was sent");
    this.settle("entries", entries);
    this.settle("chunks", chunks);
    this.settle("data", data);
  }
}
