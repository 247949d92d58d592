import { SyncError } from "../errors.ts";
import type { Windows } from "./hello.ts";
import type { LevelBytes } from "./level-bytes.ts";
import { sessionLimits } from "./limits.ts";

/** What is left to do for a frame; when that is nothing, its bytes are credited. */
export interface UnsettledFrame {
  readonly level: "entries" | "chunks";
  readonly bytes: number;
  /** Things to do: the taking of the frame itself is the first. */
  open: number;
}

/** A receiver's account of what the sender has under way, and of what it may be credited for. */
export class Ledger {
  readonly #windows: Windows;
  readonly #open = { entries: 0, chunks: 0 };
  readonly #settled = { entries: 0, chunks: 0, data: 0 };

  constructor(windows: Windows) {
    this.#windows = windows;
  }

  /** Enters a frame. @throws LIMIT when the sender overran the window */
  enter(level: "entries" | "chunks", bytes: number): UnsettledFrame {
    const limit = this.#windows[level] + sessionLimits.frameBytes;
    this.#open[level] += bytes;
    if (this.#open[level] > limit) {
      throw new SyncError("LIMIT", `the sender overran the ${level} window`, { detail: { limit } });
    }
    return { level, bytes, open: 1 };
  }

  /** One thing of a frame is done. */
  pay(unsettled: UnsettledFrame): void {
    unsettled.open -= 1;
    if (unsettled.open > 0) return;
    this.#settled[unsettled.level] += unsettled.bytes;
    this.#open[unsettled.level] -= unsettled.bytes;
  }

  /** Content was taken care of. */
  payData(bytes: number): void {
    this.#settled.data += bytes;
  }

  /** Bytes to credit at each level, once a quarter of a window has come together. */
  due(): LevelBytes | undefined {
    const { entries, chunks, data } = this.#settled;
    const windows = this.#windows;
    if (entries * 4 < windows.entries && chunks * 4 < windows.chunks && data * 4 < windows.data)
      return undefined;
    Object.assign(this.#settled, { entries: 0, chunks: 0, data: 0 });
    return { entries, chunks, data };
  }
}
