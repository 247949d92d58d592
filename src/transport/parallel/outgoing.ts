import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { WriteGate } from "../write-gate.ts";
import type { Carrier } from "./carrier.ts";
import { OpenRecord } from "./record.ts";
import { parallelLimits } from "./parallel-limits.ts";

/** Records that wait for a connection before the writer waits, too. */
const queuedRecords = 8;

/**
 * One direction of a group of connections as its writer has it. Each record goes to a
 * connection that has room and asks for it, and is kept until the other end has told that it
 * arrived.
 */
export class Outgoing {
  readonly #gate = new WriteGate();
  /** What was sent and has not been confirmed, by number. */
  readonly #sent = new Map<number, Bytes>();
  /** Those of it that have to be sent again, in order. */
  #again: number[] = [];
  /** What was not sent. All but the last are full. */
  readonly #queue: OpenRecord[] = [];
  #sentCount = 0;
  #arrivedCount = 0;
  #limit: number = parallelLimits.windowRecords;
  #isEnded = false;

  /** All records, once there will be no more and each was sent; undefined before. */
  get finalCount(): number | undefined {
    const isSent = this.#queue.length === 0 && this.#again.length === 0;
    return this.#isEnded && isSent ? this.#sentCount : undefined;
  }

  /** Records that were sent and not confirmed. */
  get unconfirmedCount(): number {
    return this.#sent.size;
  }

  /** All records below this have arrived. */
  get arrivedCount(): number {
    return this.#arrivedCount;
  }

  /** Copies the bytes. @returns when there is room for more. @throws what broke the group */
  async write(bytes: Bytes, onQueued: () => void): Promise<void> {
    this.#gate.enter();
    for (let at = 0; at < bytes.length;) {
      const record = this.#openRecord(bytes.length - at);
      const part = bytes.subarray(at, at + record.room);
      record.add(part);
      at += part.length;
      onQueued();
      while (this.#queue.length > queuedRecords) await this.#gate.wait();
    }
  }

  /** Nothing more will be written. True the first time. @throws what broke the group */
  end(): boolean {
    this.#isEnded = true;
    return this.#gate.end();
  }

  /** The next record for a connection, or undefined when there is none for it now. */
  take(carrier: Carrier): Bytes | undefined {
    const again = carrier.isSlow ? undefined : this.#again.find((one) => !carrier.underWay.has(one));
    const number = again ?? (carrier.hasRoom ? this.#takeNew() : undefined);
    if (number === undefined) return undefined;
    this.#again = this.#again.filter((one) => one !== number);
    carrier.give(number, performance.now());
    return this.#sent.get(number);
  }

  /** What the other end says of this direction. @throws BAD_MESSAGE */
  confirm(arrivedCount: number, limit: number, carriers: Iterable<Carrier>): void {
    if (arrivedCount > this.#sentCount || limit > arrivedCount + parallelLimits.windowRecords)
      throw new SyncError("BAD_MESSAGE", "more was confirmed than was sent");
    this.#limit = Math.max(this.#limit, limit);
    for (; this.#arrivedCount < arrivedCount; this.#arrivedCount++) {
      this.#sent.delete(this.#arrivedCount);
      for (const carrier of carriers) {
        if (carrier.underWay.delete(this.#arrivedCount)) carrier.isSlow = false;
      }
    }
    this.#again = this.#again.filter((number) => number >= arrivedCount);
  }

  /** A connection is gone: what it had under way has to go over the others. */
  lose(carrier: Carrier, others: readonly Carrier[]): void {
    this.#resend(carrier, others);
    carrier.underWay.clear();
    if (others.every(({ isSlow }) => isSlow)) for (const other of others) other.isSlow = false;
  }

  /**
   * Nothing has been confirmed for long: the connections that have the first record hold it up.
   * What they have under way is sent over the others, too, and they get less from now on.
   */
  relieve(carriers: readonly Carrier[]): void {
    const hasFirst = ({ underWay }: Carrier): boolean => underWay.has(this.#arrivedCount);
    const others = carriers.filter((carrier) => !hasFirst(carrier));
    for (const other of others) other.isSlow = false;
    for (const carrier of carriers.filter(hasFirst)) {
      carrier.isSlow = false;
      if (others.length === 0) continue;
      carrier.slowDown();
      this.#resend(carrier, others);
    }
  }

  /** Makes this and every later call of the writer throw. */
  break(error: unknown): void {
    this.#gate.break(error);
    this.#sent.clear();
    this.#queue.length = 0;
    this.#again = [];
  }

  #resend(carrier: Carrier, others: readonly Carrier[]): void {
    const isOnlyHere = (number: number): boolean => !others.some(({ underWay }) => underWay.has(number));
    const again = new Set([...this.#again, ...[...carrier.underWay].filter(isOnlyHere)]);
    this.#again = [...again].sort((a, b) => a - b);
  }

  #openRecord(bytes: number): OpenRecord {
    const last = this.#queue.at(-1);
    if (last !== undefined && last.room > 0) return last;
    const { groupRecordBytes } = parallelLimits;
    const isWaiting = last !== undefined; // then small writes are collected
    const capacity = isWaiting ? groupRecordBytes : Math.min(bytes, groupRecordBytes);
    const record = new OpenRecord(capacity);
    this.#queue.push(record);
    return record;
  }

  #takeNew(): number | undefined {
    if (this.#sentCount >= this.#limit) return undefined;
    const record = this.#queue.shift();
    if (record === undefined) return undefined;
    const number = this.#sentCount++;
    this.#sent.set(number, record.seal(number));
    if (this.#queue.length <= queuedRecords) this.#gate.open();
    return number;
  }
}
