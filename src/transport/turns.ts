import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** Every bound of a session in turns (docs/limits.md). */
export const turnLimits = Object.freeze({
  /** Bytes that one request or answer carries: proxies take no longer bodies unless told to. */
  turnBytes: 1_048_576,
  /**
   * Bytes that the first request carries; none is made shorter because the line is slow or loses
   * some.
   */
  turnStartBytes: 32_768,
  /** Milliseconds in which a full request has to be answered for the next to be twice as long. */
  turnQuickMs: 2000,
  /** Milliseconds that a server holds a request back while there is nothing to say, or no room. */
  turnWaitMs: 20_000,
  /** Milliseconds without any request, after which the client is taken for gone. */
  turnIdleMs: 60_000,
  /** Milliseconds that a client waits for an answer, or for more of it, before it asks again. */
  turnAnswerMs: 45_000,
  /** How often in a row a client asks again. */
  turnRetryCount: 6,
  /** Milliseconds before it does so the first time; twice as long each further time. */
  turnRetryMs: 200,
  /** Sessions in turns that a server keeps. */
  turnSessionCount: 256,
});

/** In the answer to what the client says: how many bytes of it the server has. */
export const atHeader = "Rsync-Stream-At";
/** How long a direction is in all, once that is known. */
export const endHeader = "Rsync-Stream-End";

/** The value of `turns` in the request that opens a session. */
export const openTurns = "open";

/** What names a session in turns: 128 random bits in hex. */
export const turnIdPattern = /^[0-9a-f]{32}$/;

/** Reads a position in a direction as it stands in queries and headers. @throws BAD_MESSAGE */
export function parsePosition(text: string): number {
  const position = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(position)) return position;
  throw new SyncError("BAD_MESSAGE", "not a position in a direction");
}

/**
 * What was written and not confirmed yet: it may have to go out again. Two blocks of memory, of
 * which one can be under way while the other fills.
 */
export class UnconfirmedBytes {
  readonly #blocks: [Uint8Array<ArrayBuffer>?, Uint8Array<ArrayBuffer>?] = [];
  readonly #blockBytes: number;
  #start = 0;
  #end = 0;

  constructor(blockBytes: number = turnLimits.turnBytes) {
    this.#blockBytes = blockBytes;
  }

  /** Where in the direction the first unconfirmed byte stands. */
  get start(): number {
    return this.#start;
  }

  /** Where the next byte written will stand. */
  get end(): number {
    return this.#end;
  }

  /** Copies as many bytes as there is room for. @returns how many */
  append(bytes: Bytes): number {
    let taken = 0;
    for (;;) {
      const part = bytes.subarray(taken, taken + this.#roomBytes());
      if (part.length === 0) return taken;
      this.#blockOf(this.#end).set(part, this.#end % this.#blockBytes);
      this.#end += part.length;
      taken += part.length;
    }
  }

  /** All before a position, from `start` to `end`, is not needed any more. */
  confirm(position: number): void {
    this.#start = position;
  }

  /** The first bytes that are not confirmed. They stay as they are until they are. */
  head(maxBytes: number): Uint8Array<ArrayBuffer> {
    const from = this.#start % this.#blockBytes;
    const length = Math.min(maxBytes, this.#end - this.#start, this.#blockBytes - from);
    return this.#blockOf(this.#start).subarray(from, from + length);
  }

  /** Bytes that fit into the block where the next one goes. */
  #roomBytes(): number {
    const firstBlock = Math.floor(this.#start / this.#blockBytes);
    const block = Math.floor(this.#end / this.#blockBytes);
    return block > firstBlock + 1 ? 0 : this.#blockBytes - (this.#end % this.#blockBytes);
  }

  #blockOf(position: number): Uint8Array<ArrayBuffer> {
    const at = (Math.floor(position / this.#blockBytes) % 2) as 0 | 1;
    return (this.#blocks[at] ??= new Uint8Array(this.#blockBytes));
  }
}
