import { SyncError } from "../../errors.ts";
import { receiveTree } from "../../session/receive.ts";
import { loadFilter } from "../../transfer/filter-loading.node.ts";
import { openTarget } from "../../transfer/open-target.node.ts";
import { inputChannel } from "../../transfer/standard-streams.node.ts";
import { duplexOf } from "../../transport/channel.ts";
import { ChangeReport } from "../report/change-report.ts";
import { defineCommand } from "../command.ts";
import { checkFakeEnd } from "../options/keep-options.ts";
import { reportExplanation } from "../options/filter-explanation.ts";
import { sparingOptions } from "../options/filter-options.ts";
import { checkGroup, groupChannel, groupOption } from "../options/group-option.ts";
import { prepareForSession } from "../engine.ts";
import { receiveLimitOptions, receiveLimitsOf } from "../options/receive-limits.ts";
import { orderGiven, orderOption } from "../options/order-option.ts";
import {
  placeOptions,
  readLocalOptions,
  readPlaceOptions,
  receivingOptions,
} from "../options/receiving-options.ts";
import { duplexOption, livenessOf, timeoutOption } from "../options/session-options.ts";
import { reportOptions } from "../options/report-options.ts";
import { progressTo } from "../report/session-progress.ts";

/** `recv DST`: a tree from a stream. */
export const recv = defineCommand({
  operands: ["DST"],
  options: {
    ...duplexOption,
    ...groupOption,
    ...receivingOptions,
    ...sparingOptions,
    ...orderOption,
    ...receiveLimitOptions,
    ...reportOptions,
    ...timeoutOption,
  },
  knowsRsync: true,
  writesOutput: ({ duplex }) => duplex === true,
  async run({ operands: [place], options, report, signal }) {
    if (options["filter-explain"] !== undefined)
      return reportExplanation(report, options, { side: "receiver", place, isNamed: false });
    const duplex = options.duplex === true;
    prepareForSession(duplex ? "duplex" : "one-way");
    checkGroup(options);
    checkFakeEnd(options, "receiver");
    const channel = duplex ? await groupChannel(options, report) : inputChannel();
    const order =
      orderGiven(options, "receiver", placeOptions) ?? (await readPlaceOptions(options, "receiver"));
    if (order.filter && order.maxDeletedCount === undefined)
      throw new SyncError("USAGE", "filters are for --delete here; leaving out is for the sender");
    const changes = new ChangeReport(report, order);
    const { filter } = await loadFilter(order, "sender");
    const target = await openTarget(place, {
      ...order,
      ...readLocalOptions(place, report),
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
