import { wait } from "../bytes/retry.ts";
import type { Bytes, Duplex } from "../types.ts";
import { type ByteChannel, channelOf, duplexOf } from "./channel.ts";

/** How long what is handed over at once may take at the rate that is asked for. */
const sliceMs = 100;

/**
 * The same duplex, by which no more than so many bytes go out in a second, taken over a tenth of
 * one. What comes in is not held up.
 *
 * @param bytesPerSecond at least 1; undefined for no limit
 */
export function limitRate(duplex: Duplex, bytesPerSecond: number | undefined): Duplex {
  if (bytesPerSecond === undefined) return duplex;
  return duplexOf(new LimitedChannel(channelOf(duplex), bytesPerSecond));
}

class LimitedChannel implements ByteChannel {
  readonly copiesWrites?: true;
  readonly #channel: ByteChannel;
  readonly #msPerByte: number;
  readonly #sliceBytes: number;
  readonly #gone = new AbortController();
  /** When all that was written so far has gone out at that rate. */
  #freeAt = 0;

  constructor(channel: ByteChannel, bytesPerSecond: number) {
    this.#channel = channel;
    if (channel.copiesWrites) this.copiesWrites = true;
    this.#msPerByte = 1000 / bytesPerSecond;
    this.#sliceBytes = Math.max(1, Math.floor((bytesPerSecond * sliceMs) / 1000));
  }

  read(...given: Parameters<ByteChannel["read"]>): AsyncIterable<Bytes> {
    return this.#channel.read(...given);
  }

  async write(bytes: Bytes): Promise<void> {
    for (let at = 0; at < bytes.length; at += this.#sliceBytes) {
      const slice = bytes.subarray(at, at + this.#sliceBytes);
      await this.#wait();
      this.#freeAt = Math.max(performance.now(), this.#freeAt) + slice.length * this.#msPerByte;
      await this.#channel.write(slice);
    }
  }

  end(): Promise<void> {
    return this.#channel.end();
  }

  abort(reason: unknown): void {
    this.#gone.abort(reason);
    this.#channel.abort(reason);
  }

  /** Resolves when what was written before has gone out. @throws the reason of `abort` */
  async #wait(): Promise<void> {
    const { signal } = this.#gone;
    signal.throwIfAborted();
    const restMs = this.#freeAt - performance.now();
    if (restMs > 0) await wait(restMs, signal);
  }
}
