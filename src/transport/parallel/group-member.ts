import type { ByteChannel } from "../channel.ts";
import { Carrier } from "./carrier.ts";

/** One connection of a group, and where it stands in what the two ends tell each other over it. */
export class GroupMember extends Carrier {
  readonly channel: ByteChannel;
  /** Ends the wait for something to send. */
  wake: () => void = () => {};
  /** True while it waits for that. */
  isIdle = false;
  /** True once something has come over it: the other end has taken it in. */
  isHeard = false;
  /** Data records that have come over it. */
  hereCount = 0;
  /** How many of those the other end was told of. */
  toldCount = 0;
  /** True when the other end has to be told over this connection how much has come. */
  hasToTell = false;
  /** True once it was given the end of what is sent. */
  hasEnd = false;
  /** False once a write has failed: what comes is still read. */
  isWritable = true;
  /** True once this end has closed its side of it. */
  hasLeft = false;
  /** True once the other end has closed its side of it. */
  isClosed = false;

  constructor(channel: ByteChannel) {
    super();
    this.channel = channel;
  }
}
