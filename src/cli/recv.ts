import { SyncError } from "../errors.ts";
import { receiveTree } from "../session/receive.ts";
import { loadFilter } from "../transfer/filter-loading.node.ts";
import { openTarget } from "../transfer/open-target.node.ts";
import { duplexChannel, inputChannel } from "../transfer/standard-streams.node.ts";
import { duplexOf } from "../transport/channel.ts";
import { ChangeReport } from "./change-report.ts";
import { defineCommand } from "./command.ts";
import { reportExplanation } from "./filter-explanation.ts";
import { sparingOptions } from "./filter-options.ts";
import { prepareForSession } from "./engine.ts";
import { receiveLimitOptions, receiveLimitsOf } from "./receive-limits.ts";
import { readReceivingOptions, receivingOptions } from "./receiving-options.ts";
import { duplexOption, livenessOf, timeoutOption } from "./session-options.ts";
import { progressTo } from "./session-progress.ts";

/** `recv DST`: a tree from a stream. */
export const recv = defineCommand({
  operands: ["DST"],
  options: {
    ...duplexOption,
    ...receivingOptions,
    ...sparingOptions,
    ...receiveLimitOptions,
    ...timeoutOption,
  },
  knowsRsync: true,
  writesOutput: ({ duplex }) => duplex === true,
  async run({ operands: [place], options, report, signal }) {
    if (options["filter-explain"] !== undefined)
      return reportExplanation(report, options, { side: "receiver", place, isNamed: false });
    const duplex = options.duplex === true;
    prepareForSession(duplex ? "duplex" : "one-way");
    const channel = duplex ? duplexChannel() : inputChannel();
    const receiving = await readReceivingOptions(place, options, report);
    if (receiving.filter && receiving.maxDeletedCount === undefined)
      throw new SyncError("USAGE", "filters are for --delete here; leaving out is for the sender");
    const changes = new ChangeReport(report, receiving);
    const { filter } = await loadFilter(receiving, "sender");
    const target = await openTarget(place, {
      ...receiving,
      filter,
      ...(changes.onChange && { onChange: changes.onChange }),
    });
    const summary = await receiveTree(target, duplexOf(channel), {
      duplex,
      signal,
      onTrouble: (error) => report.trouble(error),
      ...progressTo(report),
      ...receiveLimitsOf(options),
      ...livenessOf(options),
    });
    changes.end("received", summary);
  },
});
