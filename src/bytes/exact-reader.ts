import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { concatBytes } from "./compare.ts";

const nothing = new Uint8Array(0);

/**
 * Reads exact numbers of bytes from a stream of blocks of any size.
 *
 * It reads no block ahead, and copies only when a read straddles blocks; otherwise what it returns
 * is a view of a block. One read at a time.
 */
export class ExactReader {
  readonly #blocks: AsyncIterator<Bytes>;
  #block: Bytes = nothing;
  #at = 0;
  #ended = false;

  constructor(source: AsyncIterable<Bytes>) {
    this.#blocks = source[Symbol.asyncIterator]();
  }

  /** The next byte if it is here already. */
  takeByte(): number | undefined {
    return this.#at < this.#block.length ? this.#block[this.#at++] : undefined;
  }

  /** The next byte, or undefined at the end. */
  async readByte(): Promise<number | undefined> {
    if (this.#at === this.#block.length && !(await this.#advance())) return undefined;
    return this.#block[this.#at++];
  }

  /**
   * The next `count` bytes. Memory grows with what has arrived, not with what was asked for.
   *
   * @throws TRUNCATED when the stream ends before
   */
  async read(count: number): Promise<Bytes> {
    const first = this.#take(count);
    if (first.length === count) return first;
    const parts = [first];
    let missing = count - first.length;
    while (missing > 0) {
      const part = await this.readUpTo(missing);
      if (part.length === 0) throw truncated(count, count - missing);
      parts.push(part);
      missing -= part.length;
    }
    return concatBytes(parts);
  }

  /**
   * What is there of the next `count` bytes, at least one; nothing at the end or when `count` is 0.
   */
  async readUpTo(count: number): Promise<Bytes> {
    if (count > 0 && this.#at === this.#block.length) await this.#advance();
    return this.#take(count);
  }

  /** Ends the stream at its source. May be called twice. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#block = nothing;
    this.#at = 0;
    await this.#blocks.return?.();
  }

  #take(count: number): Bytes {
    const part = this.#block.subarray(this.#at, this.#at + count);
    this.#at += part.length;
    return part;
  }

  async #advance(): Promise<boolean> {
    while (!this.#ended) {
      const next = await this.#blocks.next();
      if (next.done === true) {
        this.#ended = true;
      } else if (next.value.length > 0) {
        this.#block = next.value;
        this.#at = 0;
        return true;
      }
    }
    return false;
  }
}

function truncated(limit: number, actual: number): SyncError {
  return new SyncError("TRUNCATED", `stream ends after ${actual} of ${limit} bytes`, {
    detail: { limit, actual },
  });
}
