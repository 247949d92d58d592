import { SyncError } from "../../errors.ts";
import { joinGroup } from "../../transfer/group-socket.node.ts";
import { duplexChannel } from "../../transfer/standard-streams.node.ts";
import { type ByteChannel, channelOf } from "../../transport/channel.ts";
import { nodeStreamDuplex } from "../../transport/node-stream.node.ts";
import { defineCommand } from "../command.ts";

/** `join ID`: one more connection of a session, over standard input and output. */
export const joinSession = defineCommand({
  operands: ["ID"],
  options: {},
  writesOutput: () => true,
  async run({ operands: [group], signal }) {
    const socket = await joinGroup(group);
    const there = channelOf(nodeStreamDuplex(socket, socket));
    const here = duplexChannel();
    const stop = (reason: unknown): void => {
      here.abort(reason);
      there.abort(reason);
    };
    signal.addEventListener("abort", () => stop(signal.reason), { once: true });
    try {
      await Promise.all([pass(here, there), pass(there, here)]);
    } catch (thrown) {
      stop(thrown);
      throw new SyncError("PEER_GONE", "the connection broke", { cause: thrown });
    }
  },
});

async function pass(from: ByteChannel, to: ByteChannel): Promise<void> {
  for await (const bytes of from.read()) await to.write(bytes);
  await to.end();
}
