import { TimedBell } from "../bytes/timed-bell.ts";
import type { Bytes } from "../types.ts";
import { Inbox } from "./inbox.ts";
import { turnLimits } from "./turns.ts";

/** The direction of a session in turns that comes in at one of its ends. */
export class TurnIncoming {
  readonly #inbox: Inbox;
  /** Rings when a full inbox has room again. */
  readonly #room = new TimedBell();
  #receivedBytes = 0;
  #isFull = false;

  /** @param onLeave called when the reader leaves before the end */
  constructor(onLeave: (reason: unknown) => void) {
    this.#inbox = new Inbox({
      fullBytes: turnLimits.turnBytes,
      onRoom: () => {
        this.#isFull = false;
        this.#room.ring();
      },
      onLeave,
    });
  }

  /** How much has come. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** True while nothing more is to be taken in: there is a request's worth that nobody has read. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** What has come, in order. */
  read(): AsyncIterable<Bytes> {
    return this.#inbox.read();
  }

  push(bytes: Bytes): void {
    this.#receivedBytes += bytes.length;
    this.#isFull = !this.#inbox.push(bytes);
  }

  /** Waits until it is no longer full, `wake` is called, or so many milliseconds have passed. */
  async waitForRoom(limitMs: number): Promise<void> {
    if (this.#isFull) await this.#room.wait(limitMs);
  }

  /** Ends that wait. */
  wake(): void {
    this.#room.ring();
  }

  /** All of it has come. */
  end(): void {
    this.#inbox.end();
  }

  /** The rest of it cannot come: the reader gets what waits, then the error. */
  fail(error: unknown): void {
    this.#inbox.fail(error);
  }

  /** Nobody will read on: what waits is dropped. */
  abort(reason: unknown): void {
    this.#inbox.abort(reason);
  }
}
