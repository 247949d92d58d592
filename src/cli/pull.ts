import { SyncError } from "../errors.ts";
import { parseEndpoint } from "../transfer/endpoint.node.ts";
import { transfer } from "../transfer/transfer.node.ts";
import { ChangeReport } from "./change-report.ts";
import { defineCommand } from "./command.ts";
import { reportExplanation } from "./filter-explanation.ts";
import { prepareForSession } from "./engine.ts";
import { receiveLimitOptions, receiveLimitsOf } from "./receive-limits.ts";
import { readLocalOptions, readPlaceOptions, receivingOptions } from "./receiving-options.ts";
import { readConnectorOptions, reconnectionOf, remoteOptions } from "./remote-options.ts";
import { timeoutOf, timeoutOption } from "./session-options.ts";
import { reportOptions } from "./report-options.ts";

/** `pull SRC DST`: brings a place here up to date with a tree elsewhere. */
export const pull = defineCommand({
  operands: ["SRC", "DST"],
  options: {
    compress: { type: "boolean", short: "z", about: "have content compressed that shrinks" },
    ...receivingOptions,
    ...receiveLimitOptions,
    ...remoteOptions,
    ...reportOptions,
    ...timeoutOption,
  },
  knowsRsync: true,
  writesOutput: () => false,
  async run({ operands: [from, to], options, report, signal }) {
    const there = parseEndpoint(from);
    if (there.kind === "local")
      throw new SyncError(
        "USAGE",
        `pull receives from HOST:PATH or a URL, not ${from}; from here to here: send ${from} | rsync-stream recv ${to}`,
      );
    if (parseEndpoint(to).kind !== "local")
      throw new SyncError("USAGE", `pull receives into a place here, not ${to}`);
    if (options["filter-explain"] !== undefined)
      return reportExplanation(report, options, { side: "receiver", place: to, isNamed: false });
    const order = await readPlaceOptions(options);
    const changes = new ChangeReport(report, order);
    prepareForSession("duplex");
    const summary = await transfer(from, to, {
      ...readConnectorOptions(there, options, report),
      ...reconnectionOf(options, report),
      ...timeoutOf(options),
      ...receiveLimitsOf(options),
      ...order,
      ...readLocalOptions(to, options, report),
      ...changes.runOptions(),
      signal,
      compress: options.compress === true,
    });
    changes.end("received", summary);
  },
});
