import { stat } from "node:fs";
import { type ByteChannel, channelOf, type ChannelDuplex, duplexOf } from "../src/transport/channel.ts";
import { duplexPair } from "../src/transport/memory.ts";
import { WriteGate } from "../src/transport/write-gate.ts";
import type { Bytes } from "../src/types.ts";

/** What two ends have said to each other. */
export interface LineCosts {
  readonly leftBytes: number;
  readonly rightBytes: number;
  /** Two flights, one each way, are a round trip; what both say at the same time is one flight. */
  readonly flights: number;
}

/** Turns of the event loop in which neither end says anything before both are taken to wait. */
const quietTurnCount = 40;

/**
 * A line so long that each end has time for all it can do before the other hears of it: what was
 * said arrives when neither has anything to add. It counts flights without a clock.
 */
export class LockstepLine {
  readonly left: ChannelDuplex;
  readonly right: ChannelDuplex;
  readonly #ends: readonly [HeldEnd, HeldEnd];

  constructor() {
    const [left, right] = duplexPair({ bufferBytes: Number.POSITIVE_INFINITY });
    this.#ends = [new HeldEnd(channelOf(left)), new HeldEnd(channelOf(right))];
    this.left = duplexOf(this.#ends[0]);
    this.right = duplexOf(this.#ends[1]);
  }

  /**
   * Carries what is said until a promise is settled.
   *
   * @throws Error when both ends wait for each other; what the promise is rejected with
   */
  async carry(until: Promise<unknown>): Promise<LineCosts> {
    let isSettled = false;
    const note = (): void => void (isSettled = true);
    until.then(note, note);
    let flights = 0;
    for (await this.#quiet(); !isSettled; await this.#quiet()) {
      const isMoved = this.#ends.map((end) => end.release()).includes(true);
      if (!isMoved) throw new Error(`both ends wait after ${flights} flights`);
      flights++;
    }
    await until;
    const [left, right] = this.#ends;
    return { leftBytes: left.saidBytes, rightBytes: right.saidBytes, flights };
  }

  async #quiet(): Promise<void> {
    const callCount = (): number => this.#ends.reduce((sum, end) => sum + end.callCount, 0);
    let before = callCount();
    for (let quiet = 0; quiet < quietTurnCount; quiet++) {
      await turn();
      if (callCount() !== before) quiet = 0;
      before = callCount();
    }
  }
}

/** Through the thread pool, where asynchronous work of the ends may stand in line. */
function turn(): Promise<void> {
  return new Promise((resolve) => stat("/", () => setImmediate(resolve)));
}

/** Holds back what is said until it is released. */
class HeldEnd implements ByteChannel {
  saidBytes = 0;
  callCount = 0;
  readonly #inner: ByteChannel;
  readonly #gate = new WriteGate();
  #held: (() => Promise<void>)[] = [];

  constructor(inner: ByteChannel) {
    this.#inner = inner;
  }

  /** Lets go of what is held; false when that is nothing. */
  release(): boolean {
    const held = this.#held;
    this.#held = [];
    for (const say of held) say().catch(() => {}); // the one who is gone hears nothing
    return held.length > 0;
  }

  read(): AsyncIterable<Bytes> {
    return this.#inner.read();
  }

  async write(bytes: Bytes): Promise<void> {
    this.#gate.enter();
    this.saidBytes += bytes.length;
    this.#hold(() => this.#inner.write(bytes));
  }

  async end(): Promise<void> {
    if (this.#gate.end()) this.#hold(() => this.#inner.end());
  }

  abort(reason: unknown): void {
    this.#gate.break(reason);
    this.#inner.abort(reason);
  }

  #hold(say: () => Promise<void>): void {
    this.callCount++;
    this.#held.push(say);
  }
}
