import type { ByteChannel } from "../channel.ts";
import { Carrier } from "./carrier.ts";

/**
 * What this end does with its side of a connection: it sends, waits for something to send, has
 * nothing more to send, or has closed it. `broken`: a write has failed; what comes is still read.
 */
type Sending = "busy" | "waiting" | "finished" | "closed" | "broken";

/** What has come over a connection: `records` tell that the other end has taken it in. */
type Hearing = "nothing" | "records" | "end";

/** One connection of a group, and where it stands in what the two ends tell each other over it. */
export class GroupMember extends Carrier {
  readonly channel: ByteChannel;
  hearing: Hearing = "nothing";
  /** Data records that have come over it. */
  hereCount = 0;
  /** How many of those the other end was told of. */
  toldCount = 0;
  /** True when the other end has to be told over this connection how much has come. */
  hasToTell = false;
  /** True once it was given the end of what is sent. */
  hasEnd = false;
  #sending: Sending = "busy";
  #wake: () => void = () => {};

  constructor(channel: ByteChannel) {
    super();
    this.channel = channel;
  }

  /** False once a write has failed. */
  get isWritable(): boolean {
    return this.#sending !== "broken";
  }

  /** True while all that it was given is with the system. */
  get isIdle(): boolean {
    return this.#sending !== "busy" && this.isWritable;
  }

  /** True once both ends have closed it. */
  get isClosed(): boolean {
    return this.hearing === "end" && this.#sending === "closed";
  }

  /** Waits until there may be something to send. */
  async wait(): Promise<void> {
    this.#sending = "waiting";
    await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.isWritable) this.#sending = "busy";
  }

  /** Ends the wait for something to send. */
  wake(): void {
    this.#wake();
  }

  /** Nothing more will be sent over it. */
  finish(): void {
    this.#sending = "finished";
  }

  /** Closes this side of it. */
  async close(): Promise<void> {
    await this.channel.end();
    if (this.isWritable) this.#sending = "closed";
  }

  /** A write has failed. */
  stopSending(): void {
    this.#sending = "broken";
    this.#wake();
  }
}
