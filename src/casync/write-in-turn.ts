import type { ByteChannel } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";

/** Returns what writes to a channel from several places, each message behind the one before. */
export function writeInTurn(channel: Pick<ByteChannel, "write">): (message: Bytes) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (message) => (last = last.then(() => channel.write(message)));
}
