import type { TimedBell } from "../bytes/timed-bell.ts";
import type { Bytes } from "../types.ts";
import { UnconfirmedBytes } from "./turns.ts";
import { WriteGate } from "./write-gate.ts";

/** The direction of a session in turns that goes out at one of its ends. */
export class TurnOutgoing {
  readonly #unconfirmed = new UnconfirmedBytes();
  readonly #gate = new WriteGate();
  readonly #work: TimedBell;
  #hasEnd = false;
  #isDelivered = false;

  /** @param work rings when there is something new to say */
  constructor(work: TimedBell) {
    this.#work = work;
  }

  /** Where the first byte stands that is not confirmed. */
  get start(): number {
    return this.#unconfirmed.start;
  }

  /** Where the next byte written will stand. */
  get end(): number {
    return this.#unconfirmed.end;
  }

  /** True when nothing more will be written. */
  get hasEnd(): boolean {
    return this.#hasEnd;
  }

  /** True when all of it, with its end, is with the other end, as far as this one can know. */
  get isDelivered(): boolean {
    return this.#isDelivered;
  }

  /** The first bytes that are not confirmed. They stay as they are until they are. */
  head(maxBytes: number): Uint8Array<ArrayBuffer> {
    return this.#unconfirmed.head(maxBytes);
  }

  /** Resolves when all of it is kept here. @throws STATE behind the end, and what broke it */
  async write(bytes: Bytes): Promise<void> {
    this.#gate.enter();
    for (let at = 0; ;) {
      at += this.#unconfirmed.append(bytes.subarray(at));
      this.#work.ring();
      if (at === bytes.length) return;
      await this.#gate.wait();
    }
  }

  /**
   * Says that nothing more will be written; resolves when that is delivered.
   *
   * @throws what broke it
   */
  async finish(): Promise<void> {
    if (!this.#gate.end()) return;
    this.#hasEnd = true;
    this.#work.ring();
    while (!this.#isDelivered) await this.#gate.wait();
  }

  /** All before a position, from `start` to `end`, has arrived. */
  confirm(position: number): void {
    this.#unconfirmed.confirm(position);
    this.#gate.open();
  }

  /** All of it is with the other end. */
  deliver(): void {
    this.#isDelivered = true;
    this.#gate.open();
  }

  /** The rest of it cannot go out any more. */
  break(error: unknown): void {
    this.#gate.break(error);
  }
}
