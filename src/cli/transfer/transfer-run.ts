import { SyncError } from "../../errors.ts";
import { parseEndpoint } from "../../transfer/endpoint.node.ts";
import type { Chunking } from "../../tree/order/order.ts";
import type { TransferOptions } from "../../transfer/transfer-options.node.ts";
import { transfer } from "../../transfer/transfer.node.ts";
import { ChangeReport } from "../report/change-report.ts";
import type { Call, OptionSpecs, OptionValues } from "../command.ts";
import { prepareForSession } from "../engine.ts";
import { compressionOf, compressOptions } from "../options/compress-options.ts";
import { digestOption } from "../options/digest-option.ts";
import { explainOption, reportExplanation, sourcePlace } from "../options/filter-explanation.ts";
import { endingOptions, endingSignal, rateOf, rateOption } from "../options/pace-options.ts";
import { receiveLimitOptions, receiveLimitsOf } from "../options/receive-limits.ts";
import { placeOptions, readLocalOptions, readPlaceOptions } from "../options/receiving-options.ts";
import { readConnectorOptions, reconnectionOf, remoteOptions } from "../options/remote-options.ts";
import { reportOptions } from "../options/report-options.ts";
import { parseSource, sourceOf } from "../options/source-place.ts";
import { checkDeletion, choiceOptions, chooseSource, sourceStoreOption } from "../options/source-options.ts";
import {
  connectTimeoutOf,
  connectTimeoutOption,
  timeoutOf,
  timeoutOption,
} from "../options/session-options.ts";

/** The option of transfers by which they list their source. */
const listOption = {
  "list-only": {
    type: "boolean",
    about: "list what is at SRC, as without DST, and change nothing",
    unlike: "in the order of names, links with their targets; the size of a directory is 0",
  },
} as const satisfies OptionSpecs;

/** The token of where it comes from, when that of the other options is for where it goes. */
export const ownSourceTokenOption = {
  "source-token-file": {
    type: "string",
    value: "FILE",
    about: "show the token in this file to the server of SRC, or of --source-store, where DST is at another",
  },
} as const satisfies OptionSpecs;

/** Options of a command that brings a place elsewhere up to date with another. */
export const pushOptions = {
  ...compressOptions,
  ...placeOptions,
  ...explainOption,
  ...listOption,
  ...choiceOptions,
  ...digestOption,
  ...sourceStoreOption,
  ...rateOption,
  ...endingOptions,
  ...remoteOptions,
  ...reportOptions,
  ...timeoutOption,
  ...connectTimeoutOption,
} as const satisfies OptionSpecs;

/** Those of one that may receive here. */
export const transferOptions = {
  ...pushOptions,
  ...receiveLimitOptions,
} as const satisfies OptionSpecs;

/** Brings one place up to date with another, as the options say, and reports it. */
export async function runTransfer(
  {
    operands: [from, to],
    options,
    report,
    signal,
  }: Call<typeof transferOptions & Partial<typeof ownSourceTokenOption>, readonly ["SRC", "[DST]"]>,
  part: Pick<TransferOptions, "part" | "range" | "fileRange"> = {},
): Promise<void> {
  const source = parseSource(from);
  if (options["filter-explain"] !== undefined)
    return reportExplanation(
      report,
      options,
      source.kind === "local"
        ? { side: "sender", ...sourcePlace(from) }
        : { side: "receiver", place: to ?? missingPlace(), isNamed: false },
    );
  const { place, order: chosen } = chooseSource(from, options);
  const order = {
    ...(await readPlaceOptions(options, source.kind === "local" ? "sender" : "receiver")),
    ...chosen,
    ...rateOf(options),
    chunking: chunkingOf(options),
  };
  checkDeletion(order);
  const limits = receiveLimitsOf(options);
  const changes = new ChangeReport(report, order);
  prepareForSession("duplex");
  const lists = to === undefined || options["list-only"] === true;
  const target = parseEndpoint(lists ? "." : to);
  if (source.kind !== "local" || target.kind !== "local") {
    const { checkServed } = await import("../options/served-options.ts");
    checkServed(options, source, "sender");
    checkServed(options, target, "receiver");
  }
  const isForwarded = source.kind !== "local" && target.kind !== "local";
  if (!isForwarded && options["source-store"] === undefined && options["source-token-file"] !== undefined)
    throw new SyncError(
      "USAGE",
      "--source-token-file is for a transfer of which neither end is here, or for --source-store",
    );
  const common = {
    ...readConnectorOptions(target.kind === "local" ? source : target, options, report),
    ...(isForwarded && {
      source: (await import("./source-access.ts")).readSourceAccess(source, options, report),
    }),
    ...reconnectionOf(options, report),
    ...timeoutOf(options),
    ...connectTimeoutOf(options),
    ...limits,
    ...order,
    ...part,
    signal: endingSignal(options, signal),
    ...compressionOf(options),
  };
  const showsToken = target.kind === "local" || target.kind === "ssh";
  const opened = await sourceOf(place, options, { report, showsToken });
  if (lists) return (await import("./listing-run.ts")).runListing(opened, options, report, common);
  const summary = await transfer(opened, to, {
    ...common,
    ...readLocalOptions(to, report),
    ...changes.runOptions(),
  });
  changes.end(source.kind === "local" && target.kind !== "local" ? "sent" : "received", summary);
}

/** @throws USAGE for a digest beside a store, which names chunks by its own */
function chunkingOf(options: OptionValues<typeof pushOptions>): Chunking | undefined {
  const name = options.digest;
  if (name !== undefined && options.store !== undefined)
    throw new SyncError("USAGE", "--store says how chunks are named; leave out --digest");
  return name;
}

function missingPlace(): never {
  throw new SyncError("USAGE", "DST is missing");
}
