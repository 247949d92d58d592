import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import type { ReadOptions } from "../channel.ts";
import { Inbox } from "../inbox.ts";
import { parallelLimits } from "./parallel-limits.ts";

/**
 * One direction of a group of connections as its reader has it: records that came over any of them,
 * put in order.
 */
export class Incoming {
  /** All records below this have arrived. */
  arrivedCount = 0;
  /** Records that came before one in front of them. */
  readonly #early = new Map<number, Bytes>();
  readonly #inbox: Inbox;
  /** Records that the reader has taken. */
  #readCount = 0;
  /** How many there are, once that was said. */
  #count: number | undefined;

  constructor(on: { readonly taken: () => void; readonly leave: (reason: SyncError) => void }) {
    this.#inbox = new Inbox({
      fullBytes: Number.POSITIVE_INFINITY, // the window bounds it
      onTaken: () => {
        this.#readCount++;
        on.taken();
      },
      onLeave: on.leave,
    });
  }

  /** The first record that must not be sent yet. */
  get limit(): number {
    return this.#readCount + parallelLimits.windowRecords;
  }

  /** True when all of it has arrived. */
  get isComplete(): boolean {
    return this.arrivedCount === this.#count;
  }

  read(options?: ReadOptions): AsyncIterable<Bytes> {
    return this.#inbox.read(options);
  }

  /** Takes a record. False when it came before, over another connection. @throws BAD_MESSAGE */
  put(number: number, bytes: Bytes): boolean {
    if (number >= this.limit) throw new SyncError("BAD_MESSAGE", "more records than were asked for");
    if (this.#count !== undefined && number >= this.#count)
      throw new SyncError("BAD_MESSAGE", "a record behind the last one");
    if (number < this.arrivedCount || this.#early.has(number)) return false;
    this.#early.set(number, bytes);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.arrivedCount++;
      this.#inbox.push(next);
    }
    this.#endWhenComplete();
    return true;
  }

  /** The other end has said how many records there are. @throws BAD_MESSAGE */
  end(count: number): void {
    const isLess = count < this.arrivedCount || [...this.#early.keys()].some((number) => number >= count);
    if (isLess || (this.#count !== undefined && this.#count !== count))
      throw new SyncError("BAD_MESSAGE", "the ends of two connections do not agree");
    this.#count = count;
    this.#endWhenComplete();
  }

  /** Nothing more will come. What has arrived can still be read. */
  fail(error: unknown): void {
    this.#inbox.fail(error);
  }

  /** The reader gets the reason at once. */
  abort(reason: unknown): void {
    this.#inbox.abort(reason);
    this.#early.clear();
  }

  #next(): Bytes | undefined {
    const bytes = this.#early.get(this.arrivedCount);
    this.#early.delete(this.arrivedCount);
    return bytes;
  }

  #endWhenComplete(): void {
    if (this.isComplete) this.#inbox.end();
  }
}
