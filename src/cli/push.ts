import { SyncError } from "../errors.ts";
import { parseEndpoint } from "../transfer/endpoint.node.ts";
import { transfer } from "../transfer/transfer.node.ts";
import { ChangeReport } from "./change-report.ts";
import { defineCommand } from "./command.ts";
import { prepareForSession } from "./engine.ts";
import { explainOption, reportExplanation, sourcePlace } from "./filter-explanation.ts";
import { placeOptions, readPlaceOptions } from "./receiving-options.ts";
import { readConnectorOptions, reconnectionOf, remoteOptions } from "./remote-options.ts";
import { timeoutOf, timeoutOption } from "./session-options.ts";
import { reportOptions } from "./report-options.ts";

/** `push SRC DST`: brings a place elsewhere up to date with a tree here. */
export const push = defineCommand({
  operands: ["SRC", "DST"],
  options: {
    compress: { type: "boolean", short: "z", about: "compress content that shrinks" },
    ...placeOptions,
    ...explainOption,
    ...remoteOptions,
    ...reportOptions,
    ...timeoutOption,
  },
  knowsRsync: true,
  writesOutput: () => false,
  async run({ operands: [from, to], options, report, signal }) {
    const there = parseEndpoint(to);
    if (parseEndpoint(from).kind !== "local")
      throw new SyncError("USAGE", `push sends what is here, not ${from}`);
    if (there.kind === "local")
      throw new SyncError(
        "USAGE",
        `push sends to HOST:PATH or a URL, not to ${to}; from here to here: send ${from} | rsync-stream recv ${to}`,
      );
    if (options["filter-explain"] !== undefined)
      return reportExplanation(report, options, { side: "sender", ...sourcePlace(from) });
    const order = await readPlaceOptions(options);
    const changes = new ChangeReport(report, order);
    prepareForSession("duplex");
    const summary = await transfer(from, to, {
      ...readConnectorOptions(there, options, report),
      ...reconnectionOf(options, report),
      ...timeoutOf(options),
      ...changes.runOptions(),
      ...order,
      signal,
      ...(options.compress === true && { compress: true }),
    });
    changes.end("sent", summary);
  },
});
