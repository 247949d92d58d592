import { parseEndpoint } from "../../transfer/endpoint.node.ts";
import { transfer } from "../../transfer/transfer.node.ts";
import { ChangeReport } from "../report/change-report.ts";
import type { Call, OptionSpecs } from "../command.ts";
import { prepareForSession } from "../engine.ts";
import { explainOption, reportExplanation, sourcePlace } from "../options/filter-explanation.ts";
import { endingOptions, endingSignal, rateOf, rateOption } from "../options/pace-options.ts";
import { receiveLimitOptions, receiveLimitsOf } from "../options/receive-limits.ts";
import { placeOptions, readLocalOptions, readPlaceOptions } from "../options/receiving-options.ts";
import { readConnectorOptions, reconnectionOf, remoteOptions } from "../options/remote-options.ts";
import { reportOptions } from "../options/report-options.ts";
import { checkDeletion, choiceOptions, chooseSource } from "../options/source-options.ts";
import {
  connectTimeoutOf,
  connectTimeoutOption,
  timeoutOf,
  timeoutOption,
} from "../options/session-options.ts";

/** Options of a command that brings a place elsewhere up to date with another. */
export const pushOptions = {
  compress: { type: "boolean", short: "z", about: "compress content that shrinks" },
  ...placeOptions,
  ...explainOption,
  ...choiceOptions,
  ...rateOption,
  ...endingOptions,
  ...remoteOptions,
  ...reportOptions,
  ...timeoutOption,
  ...connectTimeoutOption,
} as const satisfies OptionSpecs;

/** Those of one that may receive here. */
export const transferOptions = { ...pushOptions, ...receiveLimitOptions } as const satisfies OptionSpecs;

/** Brings one place up to date with another, as the options say, and reports it. */
export async function runTransfer({
  operands: [from, to],
  options,
  report,
  signal,
}: Call<typeof transferOptions, readonly ["SRC", "DST"]>): Promise<void> {
  const [source, target] = [parseEndpoint(from), parseEndpoint(to)];
  if (options["filter-explain"] !== undefined)
    return reportExplanation(
      report,
      options,
      source.kind === "local"
        ? { side: "sender", ...sourcePlace(from) }
        : { side: "receiver", place: to, isNamed: false },
    );
  const { place, order: chosen } = chooseSource(from, options);
  const order = { ...(await readPlaceOptions(options)), ...chosen, ...rateOf(options) };
  checkDeletion(order);
  const limits = receiveLimitsOf(options);
  const changes = new ChangeReport(report, order);
  prepareForSession("duplex");
  const summary = await transfer(place, to, {
    ...readConnectorOptions(source.kind === "local" ? target : source, options, report),
    ...reconnectionOf(options, report),
    ...timeoutOf(options),
    ...connectTimeoutOf(options),
    ...limits,
    ...readLocalOptions(to, report),
    ...changes.runOptions(),
    ...order,
    signal: endingSignal(options, signal),
    compress: options.compress === true,
  });
  changes.end(source.kind === "local" && target.kind !== "local" ? "sent" : "received", summary);
}
