import { concatBytes, equalBytes } from "../bytes/compare.ts";
import type { ByteChannel, ReadOptions } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";

/** How much may be written before the other end has said anything; then writes wait for it. */
export const maxEarlyBytes = 1 << 20;

/**
 * A channel to a program that may have to be sent first. Where the other end begins with the token,
 * it gets the token, the program, and once more all that was written before: none of that was heard
 * by the program. Where it begins with anything else, it is there.
 */
export function answerAsked(channel: ByteChannel, token: string, readProgram: () => Bytes): ByteChannel {
  return new AskedChannel(channel, new TextEncoder().encode(`${token}\n`), readProgram);
}

class AskedChannel implements ByteChannel {
  readonly copiesWrites?: true;
  readonly #channel: ByteChannel;
  /** What asks for the program; all but its last byte is what the program follows. */
  readonly #question: Bytes;
  readonly #readProgram: () => Bytes;
  /** What was written, until it is known who hears it. */
  #early: Bytes[] | undefined = [];
  #earlyBytes = 0;
  #settle!: () => void;
  readonly #settled = new Promise<void>((resolve) => (this.#settle = resolve));
  #writing: Promise<void> = Promise.resolve();

  constructor(channel: ByteChannel, question: Bytes, readProgram: () => Bytes) {
    this.#channel = channel;
    this.#question = question;
    this.#readProgram = readProgram;
    if (channel.copiesWrites) this.copiesWrites = true;
  }

  async *read(options?: ReadOptions): AsyncGenerator<Bytes> {
    let heard: Bytes = new Uint8Array();
    try {
      for await (const block of this.#channel.read(options)) {
        if (this.#early === undefined) yield block;
        else {
          heard = concatBytes([heard, block]);
          const answer = this.#answer(heard);
          if (answer !== undefined && answer.length > 0) yield answer;
        }
      }
      if (this.#early !== undefined && heard.length > 0) yield heard;
    } finally {
      this.#know();
    }
  }

  async write(bytes: Bytes): Promise<void> {
    if (this.#earlyBytes + bytes.length > maxEarlyBytes) await this.#settled;
    this.#early?.push(bytes.slice());
    this.#earlyBytes += this.#early === undefined ? 0 : bytes.length;
    await this.#enqueue(() => this.#channel.write(bytes));
  }

  async end(): Promise<void> {
    await this.#settled;
    await this.#enqueue(() => this.#channel.end());
  }

  abort(reason: unknown): void {
    this.#channel.abort(reason);
    this.#know();
  }

  /** What of the first words is for the reader; undefined as long as that is not known. */
  #answer(heard: Bytes): Bytes | undefined {
    const length = Math.min(heard.length, this.#question.length);
    const isAsked = equalBytes(heard.subarray(0, length), this.#question.subarray(0, length));
    if (isAsked && length < this.#question.length) return undefined;
    if (isAsked) this.#supply();
    this.#know();
    return isAsked ? heard.subarray(length) : heard;
  }

  /** Sends the program. Who reads and writes hears of it when that fails. */
  #supply(): void {
    const token = this.#question.subarray(0, -1);
    for (const bytes of [token, this.#readProgram(), ...(this.#early ?? [])])
      this.#enqueue(() => this.#channel.write(bytes)).catch(() => {});
  }

  #know(): void {
    this.#early = undefined;
    this.#earlyBytes = 0;
    this.#settle();
  }

  #enqueue(call: () => Promise<void>): Promise<void> {
    const result = this.#writing.then(call);
    this.#writing = result.catch(() => {});
    return result;
  }
}
