import { Pause } from "../bytes/pause.node.ts";
import { type ChannelDuplex, duplexOf } from "./channel.ts";

/**
 * The same connection, read so that it takes turns with all else that is busy in this process: what a block
 * brings about runs until the end of the slice, and then others do.
 */
export function readFairly({ channel }: ChannelDuplex): ChannelDuplex {
  const pause = new Pause();
  return duplexOf({
    ...(channel.copiesWrites !== undefined && { copiesWrites: channel.copiesWrites }),
    write: (bytes) => channel.write(bytes),
    end: () => channel.end(),
    abort: (reason) => channel.abort(reason),
    async *read(options) {
      for await (const block of channel.read(options)) {
        if (pause.due()) await pause.take();
        yield block;
      }
    },
  });
}
