import type { CompressionLevel } from "../bytes/deflate.ts";
import { concatBytes } from "../bytes/compare.ts";
import { SyncError, toSyncError } from "../errors.ts";
import type { ByteChannel } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";
import { encodeError } from "./closing.ts";
import { countFrame, FrameReader, FrameWriter, preamble } from "./frame.ts";
import type { Frame, FrameBytes, Squeeze } from "./frame.ts";
import type { FrameType } from "./frame-types.ts";
import { Pace } from "./pace.ts";
import { decodePing, encodePing } from "./ping.ts";

/** How long a session waits. Milliseconds; 0 means for ever. */
export interface LivenessOptions {
  /** From the start until the peer's HELLO is complete, however it trickles in. */
  readonly helloMs?: number;
  /** Without hearing anything from the peer. */
  readonly stallMs?: number;
  /**
   * Without saying anything, or without telling how much has come, before a PING is sent; 0 for
   * none.
   */
  readonly keepAliveMs?: number;
  /**
   * Bytes a second, averaged over `paceMs`, at which the peer has to take what is sent to it and to
   * complete a frame; 0 for any.
   */
  readonly minRateBytes?: number;
  /** Over how long that is averaged; 0 turns it off. */
  readonly paceMs?: number;
}

/** A payload up to this is put behind its header in one write. */
const oneWriteBytes = 32_768;
/** After the last word the peer has so long to close its side. */
const lingerMs = 2000;
/**
 * After it was told why the session failed, or takes nothing any more, it has so long: it may be
 * busy, and a connection torn down early loses what was said.
 */
const farewellMs = 5000;
const tickMs = 500;
/** PINGs that the peer may miss before it is taken for gone. */
const missedCount = 3;
/** No peer is sent PINGs more often, whatever it asks for. */
const leastKeepAliveMs = 1000;

/** How a link watches its peer, and how much effort it puts into compressing content. */
type LinkOptions = Required<LivenessOptions> & {
  readonly compressionLevel?: CompressionLevel | undefined;
};

/**
 * Frames over a byte channel, and the watch over the peer: what a sender and a receiver have in
 * common.
 *
 * One reader and one writer may use it at the same time.
 */
export class Link {
  /** Bytes so far in each direction, everything included. */
  sentBytes = 0;
  receivedBytes = 0;
  /** The same by type of frame, without the preambles. */
  readonly sentFrames: FrameBytes = {};
  readonly receivedFrames: FrameBytes = {};
  /** Since when nothing can be written any more. */
  #brokenFrom: number | undefined;
  readonly #channel: ByteChannel;
  readonly #writer: FrameWriter;
  readonly #reader = new FrameReader();
  readonly #liveness: Required<LivenessOptions>;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #stopListening: () => void;
  /** What the peer has to keep to as a reader and as a writer, where a least rate is asked for. */
  readonly #pace: { readonly reader: Pace; readonly writer: Pace } | undefined;
  /** No more is written at once than the least rate moves in the time it is averaged over. */
  readonly #pieceBytes: number;
  #writing: Promise<void> = Promise.resolve();
  #writesUnderWay = 0;
  #failing: Promise<void> | undefined;
  /** Why this end has left, if it has. */
  #reason: SyncError | undefined;
  #started = false;
  #heardFrame = false;
  /** Since when the next block has been waited for. */
  #listenedFrom: number | undefined;
  /** Since when nothing more is expected of the peer but that it closes its side. */
  #lingeredFrom: number | undefined;
  #source: AsyncIterator<Bytes> | undefined;
  readonly #bornAt = performance.now();
  #spokeAt = performance.now();
  #pingedAt = performance.now();
  /**
   * How much of what was sent the peer says has come, once it has said so, and how much of its own
   * it was told of.
   */
  #confirmedBytes: number | undefined;
  #toldBytes = 0;
  /** Whether the peer has to hear that this end bears less silence than is usual. */
  #mustTellStall: boolean;
  /** After how much silence the peer is sent a PING. */
  #keepAliveMs: number;
  #writeBeganAt = performance.now();

  constructor(channel: ByteChannel, options: LinkOptions, signal?: AbortSignal) {
    signal?.throwIfAborted();
    this.#channel = channel;
    this.#liveness = options;
    const { keepAliveMs, stallMs } = options;
    this.#keepAliveMs = keepAliveMs;
    this.#mustTellStall = stallMs > 0 && keepAliveMs > 0 && stallMs < (missedCount + 1) * keepAliveMs;
    this.#writer = new FrameWriter(options.compressionLevel);
    const { minRateBytes, paceMs } = options;
    if (minRateBytes > 0 && paceMs > 0) {
      this.#pace = { reader: new Pace(minRateBytes, paceMs), writer: new Pace(minRateBytes, paceMs) };
    }
    this.#pieceBytes = this.#pace ? Math.ceil((minRateBytes * paceMs) / 1000) : Number.POSITIVE_INFINITY;
    this.#timer = setInterval(() => this.#watch(), tickMs);
    const stop = (): void => this.abort(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    this.#stopListening = () => signal?.removeEventListener("abort", stop);
  }

  /** True when a write has failed: then what was heard before tells why. */
  get broken(): boolean {
    return this.#brokenFrom !== undefined;
  }

  /** True when what was sent may be changed as soon as `send` has resolved. */
  get copiesWrites(): boolean {
    return this.#channel.copiesWrites ?? false;
  }

  /** True when a part of a frame has come, and its rest has not. */
  get isMidFrame(): boolean {
    return this.#reader.isMidFrame;
  }

  /** The digest of all that this end has said. */
  get transcript(): Bytes {
    return this.#writer.transcript;
  }

  /**
   * The peer's frames until it closes its side. Who leaves early may still send; it is for `fail`
   * or `abort` to break the connection.
   *
   * @throws PEER_GONE, STALLED, what FrameReader throws, and what `fail` was told
   */
  async *frames(): AsyncGenerator<Frame> {
    for await (const block of this.#blocks()) {
      for (const frame of this.#reader.read(block)) {
        this.#heardFrame = true;
        countFrame(this.receivedFrames, frame.type, frame.wireBytes);
        if (frame.type === "PING") this.#confirm(frame.payload);
        yield frame;
      }
    }
    // It closed its side because of what it was told.
    if (this.#reason) throw this.#reason;
  }

  async *#blocks(): AsyncGenerator<Bytes> {
    for (let block = await this.#hear(); block !== undefined; block = await this.#hear()) yield block;
  }

  /**
   * Waits for the next block; undefined behind the last one. Only such waiting counts as silence:
   * not the time that we take ourselves. Behind the last word it does not matter how the connection
   * ends.
   */
  async #hear(): Promise<Bytes | undefined> {
    this.#source ??= this.#channel.read({ transient: true })[Symbol.asyncIterator]();
    this.#listenedFrom = performance.now();
    try {
      const { done, value } = await this.#source.next();
      if (done === true) return undefined;
      this.receivedBytes += value.length;
      this.#pace?.writer.allow(value.length);
      this.#pace?.writer.settle();
      return value;
    } catch (thrown) {
      if (this.#lingeredFrom !== undefined) return undefined;
      throw toSyncError(thrown, "PEER_GONE");
    } finally {
      this.#listenedFrom = undefined;
    }
  }

  /**
   * What a transport takes can wait in buffers for long: where the peer tells what came, that is
   * what counts.
   */
  #confirm(payload: Bytes): void {
    const { heardBytes: bytes, stallMs } = decodePing(payload);
    if (stallMs !== undefined && this.#keepAliveMs > 0) {
      const asked = Math.floor(stallMs / (missedCount + 1));
      this.#keepAliveMs = Math.max(leastKeepAliveMs, Math.min(this.#keepAliveMs, asked));
    }
    const before = this.#confirmedBytes ?? 0;
    if (bytes < before || bytes > this.sentBytes)
      throw new SyncError("UNSOLICITED", "the peer confirms what was not sent");
    this.#confirmedBytes = bytes;
    this.#pace?.reader.allow(bytes - before);
    this.#pace?.reader.settle();
  }

  #ping(now: number): void {
    this.#pingedAt = now;
    this.#toldBytes = this.receivedBytes;
    const heardBytes = this.receivedBytes;
    const { stallMs } = this.#liveness;
    const payload = encodePing(this.#mustTellStall ? { heardBytes, stallMs } : { heardBytes });
    this.#mustTellStall = false;
    void this.send("PING", payload, "none");
  }

  /**
   * Sends a frame; resolves when there is room for the next. Frames go out in the order of the
   * calls.
   */
  send(type: FrameType, payload: Bytes, squeeze: Squeeze): Promise<void> {
    const parts = this.#writer.write(type, payload, squeeze);
    countFrame(this.sentFrames, type, parts[0].length + parts[1].length);
    const before = this.#started ? [] : [preamble];
    this.#started = true;
    this.#writesUnderWay += 1;
    this.#writing = this.#writing
      .then(() => this.#write([...before, ...parts]))
      .finally(() => (this.#writesUnderWay -= 1));
    // Who awaits it sees the failure; a PING that nobody awaits must not count as unhandled.
    this.#writing.catch(() => {});
    return this.#writing;
  }

  /** Closes this side. @throws PEER_GONE when what was said did not get out */
  async end(): Promise<void> {
    await this.#writing;
    this.#writesUnderWay += 1;
    this.#writeBeganAt = performance.now();
    try {
      await this.#channel.end();
    } finally {
      this.#writesUnderWay -= 1;
    }
  }

  /**
   * The peer has said its last word: it has a moment to close its side, and how the connection ends
   * does not matter.
   */
  linger(): void {
    this.#lingeredFrom ??= performance.now();
  }

  /**
   * Leaves when all was said: closes this side and lets the peer close its own, for a connection
   * that is torn down too early can lose what is on its way. Never throws: whatever becomes of the
   * connection now, the session is over.
   */
  async leave(): Promise<void> {
    try {
      await this.end();
      this.linger();
      await this.#drain();
    } catch (thrown) {
      this.abort(thrown); // a peer that is still there must not wait for what cannot come
    }
  }

  /** Passes over what the peer says until it closes its side. */
  async #drain(): Promise<void> {
    while ((await this.#hear()) !== undefined);
  }

  /**
   * Tells the peer why, as far as that is still possible, and breaks the connection. The first
   * reason counts.
   */
  fail(error: SyncError, tell: boolean): Promise<void> {
    this.#reason ??= error;
    this.#failing ??= this.#fail(error, tell);
    return this.#failing;
  }

  async #fail(error: SyncError, tell: boolean): Promise<void> {
    clearInterval(this.#timer);
    if (tell && !error.remote && error.code !== "PEER_GONE") {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const patience = new Promise((resolve) => (timer = setTimeout(resolve, farewellMs)));
      await Promise.race([this.#bid(error).catch(() => {}), patience]);
      clearTimeout(timer);
    }
    this.abort(error);
  }

  /**
   * Says why, and lets a peer that can be heard hear it out: where it goes on to send, an early end
   * would take the word along.
   */
  async #bid(error: SyncError): Promise<void> {
    await this.send("ERROR", encodeError(error), "none");
    await this.#channel.end();
    if (this.#source) await this.#drain();
  }

  abort(reason: unknown): void {
    this.close();
    this.#channel.abort(reason);
  }

  /** Ends the watch. */
  close(): void {
    clearInterval(this.#timer);
    this.#stopListening();
  }

  async #write(parts: readonly Bytes[]): Promise<void> {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    this.sentBytes += size;
    try {
      for (const part of size <= oneWriteBytes ? [concatBytes(parts)] : parts) {
        for (let at = 0; at < part.length; at += this.#pieceBytes) {
          await this.#writePiece(part.subarray(at, at + this.#pieceBytes));
        }
      }
    } catch (thrown) {
      this.#brokenFrom ??= performance.now();
      throw toSyncError(thrown, "PEER_GONE");
    }
    this.#spokeAt = performance.now();
  }

  async #writePiece(piece: Bytes): Promise<void> {
    if (this.#confirmedBytes === undefined) this.#pace?.reader.allow(piece.length);
    this.#writeBeganAt = performance.now();
    await this.#channel.write(piece);
    this.#pace?.reader.settle();
  }

  #watch(): void {
    const now = performance.now();
    const silence = this.#findSilence(now) ?? this.#findCrawl();
    if (silence !== undefined) this.abort(new SyncError("STALLED", silence));
    else if (this.#isPingDue(now)) this.#ping(now);
  }

  /** Why the peer must be taken for gone. */
  #findSilence(now: number): string | undefined {
    const { helloMs, stallMs } = this.#liveness;
    // A greeting and a farewell have one deadline as a whole, or a peer could trickle them for
    // ever.
    if (this.#lingeredFrom !== undefined) {
      return now - this.#lingeredFrom > lingerMs ? "the peer did not close the connection" : undefined;
    }
    if (this.#listenedFrom !== undefined && this.#brokenFrom !== undefined) {
      const silentMs = now - Math.max(this.#listenedFrom, this.#brokenFrom);
      return silentMs > farewellMs ? "the peer takes nothing any more, and says nothing" : undefined;
    }
    if (this.#listenedFrom !== undefined) {
      const limitMs = this.#heardFrame ? stallMs : helloMs;
      const silentMs = now - (this.#heardFrame ? this.#listenedFrom : this.#bornAt);
      return limitMs > 0 && silentMs > limitMs
        ? `nothing was heard from the peer for ${seconds(silentMs)}`
        : undefined;
    }
    // Who listens hears whether the peer is alive; who cannot only sees whether it takes what is
    // sent.
    const stuckMs = this.#writesUnderWay > 0 ? now - this.#writeBeganAt : 0;
    return stallMs > 0 && stuckMs > stallMs ? `the peer took nothing for ${seconds(stuckMs)}` : undefined;
  }

  /**
   * Why the peer is too slow, although it is alive. Called once a tick; the time that we take
   * ourselves does not count.
   */
  #findCrawl(): string | undefined {
    if (!this.#pace || this.#lingeredFrom !== undefined) return undefined;
    const { minRateBytes, paceMs } = this.#liveness;
    const limit = `less than ${minRateBytes} bytes a second for ${seconds(paceMs)}`;
    if (this.#writesUnderWay > 0 && !this.#pace.reader.spend(tickMs)) return `the peer took ${limit}`;
    const isOwed = this.#listenedFrom !== undefined && this.#reader.isMidFrame;
    return isOwed && !this.#pace.writer.spend(tickMs) ? `the peer sent ${limit}` : undefined;
  }

  #isPingDue(now: number): boolean {
    const keepAliveMs = this.#keepAliveMs;
    if (keepAliveMs === 0 || !this.#started || this.#lingeredFrom !== undefined) return false;
    if (this.#writesUnderWay > 0) return false;
    if (this.#mustTellStall) return true;
    if (this.#brokenFrom !== undefined) return false;
    const isNews = this.receivedBytes > this.#toldBytes;
    return now - this.#spokeAt > keepAliveMs || (isNews && now - this.#pingedAt > keepAliveMs);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
