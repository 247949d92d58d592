import { override } from "../bytes/override.ts";
import { Pause } from "../bytes/pause.node.ts";
import { type ChannelDuplex, duplexOf } from "./channel.ts";

/**
 * The same connection, read so that it takes turns with all else that is busy in this process: what
 * a block brings about runs until the end of the slice, and then others do.
 */
export function readFairly({ channel }: ChannelDuplex): ChannelDuplex {
  const pause = new Pause();
  return duplexOf(
    override(channel, {
      async *read(options) {
        for await (const block of channel.read(options)) {
          if (pause.due()) await pause.take();
          yield block;
        }
      },
    }),
  );
}
