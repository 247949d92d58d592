import type { LivenessOptions } from "./liveness.ts";
import { Pace } from "./pace.ts";

/** After the last word the peer has so long to close its side. */
const lingerMs = 2000;
/**
 * After it was told why the session failed, or takes nothing any more, it has so long: it may be
 * busy, and a connection torn down early loses what was said.
 */
export const farewellMs = 5000;

/**
 * Tells when a peer has to be taken for gone, or is too slow, by what is expected of it and since
 * when. Times are milliseconds of one clock, given by the caller.
 */
export class PeerWatch {
  /** The most to write at once: what the least rate moves in the time it is averaged over. */
  readonly pieceBytes: number;
  readonly #liveness: Required<LivenessOptions>;
  /** What the peer has to keep to as a reader and as a writer, where a least rate is asked for. */
  readonly #pace: { readonly reader: Pace; readonly writer: Pace } | undefined;
  readonly #bornMs: number;
  #hasGreeted = false;
  /** Since when the next block has been waited for. */
  #listenedMs: number | undefined;
  /** Since when nothing more is expected of the peer but that it closes its side. */
  #lingeredMs: number | undefined;
  /** Since when nothing can be written any more. */
  #brokenMs: number | undefined;
  #writeCount = 0;
  #writtenMs: number;

  constructor(liveness: Required<LivenessOptions>, nowMs: number) {
    const { minRateBytes, paceMs } = liveness;
    const hasPace = minRateBytes > 0 && paceMs > 0;
    this.#liveness = liveness;
    this.#pace = hasPace
      ? { reader: new Pace(minRateBytes, paceMs), writer: new Pace(minRateBytes, paceMs) }
      : undefined;
    this.pieceBytes = hasPace ? Math.ceil((minRateBytes * paceMs) / 1000) : Number.POSITIVE_INFINITY;
    this.#bornMs = nowMs;
    this.#writtenMs = nowMs;
  }

  get isBroken(): boolean {
    return this.#brokenMs !== undefined;
  }

  get isLingering(): boolean {
    return this.#lingeredMs !== undefined;
  }

  /** True while something waits to be taken by the peer. */
  get isWriting(): boolean {
    return this.#writeCount > 0;
  }

  /**
   * The next block is waited for, until `listened`. Only such waiting counts as silence: not the
   * time that this end takes for itself.
   */
  listen(nowMs: number): void {
    this.#listenedMs = nowMs;
  }

  /** The wait is over, and so many bytes have come. */
  listened(bytes: number): void {
    this.#listenedMs = undefined;
    this.#pace?.writer.allow(bytes);
    this.#pace?.writer.settle();
  }

  /** A whole frame has come. */
  heardFrame(): void {
    this.#hasGreeted = true;
  }

  /** Nothing more is expected of the peer but that it closes its side. */
  linger(nowMs: number): void {
    this.#lingeredMs ??= nowMs;
  }

  /** Nothing can be written any more. */
  break(nowMs: number): void {
    this.#brokenMs ??= nowMs;
  }

  /** Something waits to be written, until `endWrite`. */
  beginWrite(): void {
    this.#writeCount += 1;
  }

  endWrite(): void {
    this.#writeCount -= 1;
  }

  /** A piece is given to the channel; its bytes earn time unless the peer tells what comes. */
  beginPiece(nowMs: number, earningBytes: number): void {
    this.#pace?.reader.allow(earningBytes);
    this.#writtenMs = nowMs;
  }

  /** The channel took the piece. */
  endPiece(): void {
    this.#pace?.reader.settle();
  }

  /** So many bytes more have come to the peer, as far as it tells. */
  moved(bytes: number): void {
    this.#pace?.reader.allow(bytes);
    this.#pace?.reader.settle();
  }

  /**
   * Returns why the peer must be taken for gone, or is too slow; undefined while it is well.
   *
   * @param spentMs since it was called last; no more than a tick, for the time that this end takes
   *   for itself does not count
   * @param isMidFrame whether the peer owes the rest of a frame
   */
  findFault(nowMs: number, spentMs: number, isMidFrame: boolean): string | undefined {
    return this.#findSilence(nowMs) ?? this.#findCrawl(spentMs, isMidFrame);
  }

  #findSilence(nowMs: number): string | undefined {
    const { helloMs, stallMs } = this.#liveness;
    // A greeting and a farewell have one deadline as a whole, or a peer could trickle them for
    // ever.
    if (this.#lingeredMs !== undefined) {
      return nowMs - this.#lingeredMs > lingerMs ? "the peer did not close the connection" : undefined;
    }
    if (this.#listenedMs !== undefined && this.#brokenMs !== undefined) {
      const silentMs = nowMs - Math.max(this.#listenedMs, this.#brokenMs);
      return silentMs > farewellMs ? "the peer takes nothing any more, and says nothing" : undefined;
    }
    if (this.#listenedMs !== undefined) {
      const limitMs = this.#hasGreeted ? stallMs : helloMs;
      const silentMs = nowMs - (this.#hasGreeted ? this.#listenedMs : this.#bornMs);
      return limitMs > 0 && silentMs > limitMs
        ? `nothing was heard from the peer for ${seconds(silentMs)}`
        : undefined;
    }
    // Who listens hears whether the peer is alive; who cannot only sees whether it takes what is
    // sent.
    const stuckMs = this.isWriting ? nowMs - this.#writtenMs : 0;
    return stallMs > 0 && stuckMs > stallMs ? `the peer took nothing for ${seconds(stuckMs)}` : undefined;
  }

  /** Why the peer is too slow, although it is alive. */
  #findCrawl(spentMs: number, isMidFrame: boolean): string | undefined {
    if (!this.#pace || this.isLingering) return undefined;
    const { minRateBytes, paceMs } = this.#liveness;
    const limit = `less than ${minRateBytes} bytes a second for ${seconds(paceMs)}`;
    if (this.isWriting && !this.#pace.reader.spend(spentMs)) return `the peer took ${limit}`;
    const isOwed = this.#listenedMs !== undefined && isMidFrame;
    return isOwed && !this.#pace.writer.spend(spentMs) ? `the peer sent ${limit}` : undefined;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
