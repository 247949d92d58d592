import { SyncError } from "../errors.ts";
import { receiveTree } from "../session/receive.ts";
import { duplexOf } from "../transport/channel.ts";
import { defineCommand } from "./command.ts";
import { receiveLimitOptions, receiveLimitsOf } from "./receive-limits.ts";
import { Receiving, receivingOptions } from "./receiving.ts";
import { progressTo } from "./session-progress.ts";
import { duplexOption, livenessOf, timeoutOption } from "./session-options.ts";
import { duplexChannel, inputChannel } from "../transfer/standard-streams.node.ts";
import { prepareForSession } from "./engine.ts";

/** `recv DST`: a tree from a stream. */
export const recv = defineCommand({
  operands: ["DST"],
  options: {
    ...duplexOption,
    ...receivingOptions,
    ...receiveLimitOptions,
    ...timeoutOption,
  },
  knowsRsync: true,
  writesOutput: ({ duplex }) => duplex === true,
  async run({ operands: [place], options, report, signal }) {
    if (options.exclude && options.delete !== true)
      throw new SyncError("USAGE", "--exclude is for --delete here; leaving out is for the sender");
    prepareForSession();
    const duplex = options.duplex === true;
    const channel = duplex ? duplexChannel() : inputChannel();
    const receiving = new Receiving(place, options, report);
    const summary = await receiveTree(await receiving.openTarget(), duplexOf(channel), {
      duplex,
      signal,
      onTrouble: (error) => report.trouble(error),
      ...progressTo(report),
      ...receiveLimitsOf(options),
      ...livenessOf(options),
    });
    receiving.end(summary);
  },
});
