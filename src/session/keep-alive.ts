import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { LivenessOptions } from "./liveness.ts";
import { decodePing, encodePing } from "./ping.ts";

/** PINGs that the peer may miss before it is taken for gone. */
const missedCount = 3;
/** No peer is sent PINGs more often, whatever it asks for. */
const leastKeepAliveMs = 1000;

/**
 * What the two ends tell each other by PINGs: that they are alive, and how much has come. Times are
 * milliseconds of one clock, given by the caller.
 */
export class KeepAlive {
  readonly #stallMs: number;
  /** After how much silence the peer is sent a PING. */
  #keepAliveMs: number;
  /** Whether the peer has to hear that this end bears less silence than is usual. */
  #mustTellStall: boolean;
  #spokeMs: number;
  #pingedMs: number;
  /** How much of what it sent the peer was told of. */
  #toldBytes = 0;
  /** How much of what was sent the peer says has come, once it has said so. */
  #confirmedBytes: number | undefined;

  constructor({ keepAliveMs, stallMs }: Required<LivenessOptions>, nowMs: number) {
    this.#stallMs = stallMs;
    this.#keepAliveMs = keepAliveMs;
    this.#mustTellStall = stallMs > 0 && keepAliveMs > 0 && stallMs < (missedCount + 1) * keepAliveMs;
    this.#spokeMs = nowMs;
    this.#pingedMs = nowMs;
  }

  /** True once the peer has told how much has come. */
  get isConfirmed(): boolean {
    return this.#confirmedBytes !== undefined;
  }

  /** Something was said. */
  spoke(nowMs: number): void {
    this.#spokeMs = nowMs;
  }

  /** Whether to say PING now. @param heardBytes bytes that have come from the peer so far */
  isDue(nowMs: number, heardBytes: number): boolean {
    if (this.#keepAliveMs === 0) return false;
    const isNews = heardBytes > this.#toldBytes;
    const quietMs = nowMs - (isNews ? Math.min(this.#spokeMs, this.#pingedMs) : this.#spokeMs);
    return this.#mustTellStall || quietMs > this.#keepAliveMs;
  }

  /** The payload of a PING that is said now. */
  tell(nowMs: number, heardBytes: number): Bytes {
    this.#pingedMs = nowMs;
    this.#toldBytes = heardBytes;
    const payload = encodePing(this.#mustTellStall ? { heardBytes, stallMs: this.#stallMs } : { heardBytes });
    this.#mustTellStall = false;
    return payload;
  }

  /**
   * Takes what the peer's PING says, and returns how many more bytes have come there.
   *
   * @throws BAD_MESSAGE, and UNSOLICITED when it is more than was sent, or less than before
   */
  hear(payload: Bytes, sentBytes: number): number {
    const { heardBytes, stallMs } = decodePing(payload);
    if (stallMs !== undefined && this.#keepAliveMs > 0) {
      const asked = Math.floor(stallMs / (missedCount + 1));
      this.#keepAliveMs = Math.max(leastKeepAliveMs, Math.min(this.#keepAliveMs, asked));
    }
    const before = this.#confirmedBytes ?? 0;
    if (heardBytes < before || heardBytes > sentBytes)
      throw new SyncError("UNSOLICITED", "the peer confirms what was not sent");
    this.#confirmedBytes = heardBytes;
    return heardBytes - before;
  }
}
