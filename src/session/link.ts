import type { CompressionLevel } from "../bytes/deflate.ts";
import { concatBytes } from "../bytes/compare.ts";
import { SyncError, toSyncError } from "../errors.ts";
import type { ByteChannel } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";
import { encodeError } from "./closing.ts";
import { countFrame, FrameReader, FrameWriter, preamble } from "./frame.ts";
import type { Frame, FrameBytes, Squeeze } from "./frame.ts";
import type { FrameType } from "./frame-types.ts";
import { KeepAlive } from "./keep-alive.ts";
import type { LivenessOptions } from "./liveness.ts";
import { farewellMs, PeerWatch } from "./peer-watch.ts";

/** A payload up to this is put behind its header in one write. */
const oneWriteBytes = 32_768;
const tickMs = 500;

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
  readonly #channel: ByteChannel;
  readonly #writer: FrameWriter;
  readonly #reader = new FrameReader();
  readonly #watch: PeerWatch;
  readonly #keepAlive: KeepAlive;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #stopListening: () => void;
  #writing: Promise<void> = Promise.resolve();
  #failing: Promise<void> | undefined;
  /** Why this end has left, if it has. */
  #reason: SyncError | undefined;
  #started = false;
  #source: AsyncIterator<Bytes> | undefined;

  constructor(channel: ByteChannel, options: LinkOptions, signal?: AbortSignal) {
    signal?.throwIfAborted();
    this.#channel = channel;
    this.#watch = new PeerWatch(options, performance.now());
    this.#keepAlive = new KeepAlive(options, performance.now());
    this.#writer = new FrameWriter(options.compressionLevel);
    this.#timer = setInterval(() => this.#tick(), tickMs);
    const stop = (): void => this.abort(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    this.#stopListening = () => signal?.removeEventListener("abort", stop);
  }

  /** True when a write has failed: then what was heard before tells why. */
  get broken(): boolean {
    return this.#watch.isBroken;
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
        this.#watch.heardFrame();
        countFrame(this.receivedFrames, frame.type, frame.wireBytes);
        if (frame.type === "PING") this.#watch.moved(this.#keepAlive.hear(frame.payload, this.sentBytes));
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
   * Waits for the next block; undefined behind the last one. Behind the last word it does not
   * matter how the connection ends.
   */
  async #hear(): Promise<Bytes | undefined> {
    this.#source ??= this.#channel.read({ transient: true })[Symbol.asyncIterator]();
    this.#watch.listen(performance.now());
    let bytes = 0;
    try {
      const { done, value } = await this.#source.next();
      if (done === true) return undefined;
      bytes = value.length;
      this.receivedBytes += bytes;
      return value;
    } catch (thrown) {
      if (this.#watch.isLingering) return undefined;
      throw toSyncError(thrown, "PEER_GONE");
    } finally {
      this.#watch.listened(bytes);
    }
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
    this.#watch.beginWrite();
    this.#writing = this.#writing
      .then(() => this.#write([...before, ...parts]))
      .finally(() => this.#watch.endWrite());
    // Who awaits it sees the failure; a PING that nobody awaits must not count as unhandled.
    this.#writing.catch(() => {});
    return this.#writing;
  }

  /** Closes this side. @throws PEER_GONE when what was said did not get out */
  async end(): Promise<void> {
    await this.#writing;
    this.#watch.beginWrite();
    this.#watch.beginPiece(performance.now(), 0);
    try {
      await this.#channel.end();
    } finally {
      this.#watch.endWrite();
    }
  }

  /**
   * The peer has said its last word: it has a moment to close its side, and how the connection ends
   * does not matter.
   */
  linger(): void {
    this.#watch.linger(performance.now());
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
        await this.#writePart(part);
      }
    } catch (thrown) {
      this.#watch.break(performance.now());
      throw toSyncError(thrown, "PEER_GONE");
    }
    this.#keepAlive.spoke(performance.now());
  }

  async #writePart(part: Bytes): Promise<void> {
    const { pieceBytes } = this.#watch;
    for (let at = 0; at < part.length; at += pieceBytes) {
      const piece = part.subarray(at, at + pieceBytes);
      // What a transport takes can wait in buffers for long: where the peer tells what came, that
      // is what counts.
      this.#watch.beginPiece(performance.now(), this.#keepAlive.isConfirmed ? 0 : piece.length);
      await this.#channel.write(piece);
      this.#watch.endPiece();
    }
  }

  #tick(): void {
    const nowMs = performance.now();
    const fault = this.#watch.findFault(nowMs, tickMs, this.isMidFrame);
    if (fault !== undefined) this.abort(new SyncError("STALLED", fault));
    else if (this.#isQuiet && this.#keepAlive.isDue(nowMs, this.receivedBytes)) this.#ping(nowMs);
  }

  /** True when a PING would be said at once, and may be heard. */
  get #isQuiet(): boolean {
    const { isLingering, isWriting, isBroken } = this.#watch;
    return this.#started && !isLingering && !isWriting && !isBroken;
  }

  #ping(nowMs: number): void {
    void this.send("PING", this.#keepAlive.tell(nowMs, this.receivedBytes), "none");
  }
}
