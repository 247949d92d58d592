import { SyncError } from "../errors.ts";
import { createReceiver } from "../session/create-receiver.ts";
import { connectorTo } from "../transfer/connector.node.ts";
import { defineCommand } from "./command.ts";
import { parseEndpoint } from "../transfer/endpoint.node.ts";
import { receiveLimitOptions, receiveLimitsOf } from "./receive-limits.ts";
import { Receiving, receivingOptions } from "./receiving.ts";
import { readConnectorOptions, reconnectionOf, remoteOptions } from "./remote-options.ts";
import { livenessTo, timeoutOption } from "./session-options.ts";
import { progressOfRun } from "./session-progress.ts";
import { prepareForSession } from "./engine.ts";

/** `pull SRC DST`: brings a place here up to date with a tree elsewhere. */
export const pull = defineCommand({
  operands: ["SRC", "DST"],
  options: {
    compress: { type: "boolean", short: "z", about: "have content compressed that shrinks" },
    ...receivingOptions,
    ...receiveLimitOptions,
    ...remoteOptions,
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
    const { exclude = [] } = options;
    if (exclude.length > 0 && there.kind !== "ssh")
      throw new SyncError("USAGE", "--exclude is for HOST:PATH; what a server offers comes whole");
    prepareForSession();
    const receiving = new Receiving(to, options, report);
    const connect = connectorTo(
      there,
      { direction: "pull", exclude },
      readConnectorOptions(there, options, report),
    );
    const run = createReceiver({
      ...progressOfRun(connect, report),
      openTarget: () => receiving.openTarget(),
      signal,
      onTrouble: (error) => report.trouble(error),
      compress: options.compress === true,
      ...receiveLimitsOf(options),
      ...reconnectionOf(options, report),
      ...livenessTo(there, options),
    });
    receiving.end(await run.done);
  },
});
