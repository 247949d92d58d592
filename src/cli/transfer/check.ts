import { statsAt } from "../../bytes/stats-at.node.ts";
import { nothingAt, SyncError } from "../../errors.ts";
import { parseEndpoint } from "../../transfer/endpoint.node.ts";
import { parseSource, sourceOf } from "../options/source-place.ts";
import { transfer } from "../../transfer/transfer.node.ts";
import { defineCommand, type OptionValues } from "../command.ts";
import { prepareForSession } from "../engine.ts";
import { filterOptions, readFilterOptions } from "../options/filter-options.ts";
import { keepOf, keepOptions } from "../options/keep-options.ts";
import { readConnectorOptions, reconnectionOf, remoteOptions } from "../options/remote-options.ts";
import { timeoutOf, timeoutOption } from "../options/session-options.ts";
import { loadFilter } from "../../transfer/filter-loading.node.ts";
import type { Report } from "../report/report.ts";
import { rateOf } from "../options/pace-options.ts";
import { indexCheckOptions } from "../options/index-check-options.ts";
import { ChangeReport } from "../report/change-report.ts";
import { checkServed } from "../options/served-options.ts";
import { DifferenceReport } from "../report/difference-report.ts";

const checkOptions = {
  repair: {
    type: "boolean",
    about: "bring TREE up to date where it differs; delete nothing",
    doc: "bring TREE up to date where it [differs](#check); delete nothing",
  },
  ...filterOptions,
  ...keepOptions,
  ...remoteOptions,
  ...timeoutOption,
  ...indexCheckOptions,
} as const;

/** `check TREE REFERENCE`: compares a tree here with another one, by content. */
export const check = defineCommand({
  operands: ["TREE", "[REFERENCE]"],
  options: checkOptions,
  writesOutput: () => false,
  async run({ operands: [tree, reference], options, report, signal }) {
    if (options.index !== undefined) return checkIndexed(tree, reference, options, report, signal);
    checkIndexOptions(options);
    if (reference === undefined)
      throw new SyncError("USAGE", "REFERENCE is missing, or --index FILE in its place");
    const from = contentOf(reference, tree);
    checkServed(options, parseSource(from), "sender");
    prepareForSession("duplex");
    const common = {
      ...readConnectorOptions(parseSource(from), options, report),
      ...reconnectionOf(options, report),
      ...timeoutOf(options),
      ...(await readComparison(options)),
      signal,
    };
    const source = await sourceOf(from, options, { report, comparesContent: true, showsToken: true });
    if (options.repair === true) {
      const changes = new ChangeReport(report, {});
      return changes.end("received", await transfer(source, tree, { ...common, ...changes.runOptions() }));
    }
    const differences = new DifferenceReport(report);
    const summary = await transfer(source, tree, {
      ...common,
      ...differences.runOptions(),
      dryRun: true,
      tellsRanges: true,
      maxDeletedCount: Number.MAX_SAFE_INTEGER,
    });
    differences.end(summary);
  },
});

/** Compares a tree with its index. @throws USAGE, and what the comparison does */
async function checkIndexed(
  tree: string,
  reference: string | undefined,
  options: OptionValues<typeof checkOptions>,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  if (reference !== undefined)
    throw new SyncError("USAGE", "a tree is compared with REFERENCE or with --index FILE");
  if (options.repair === true)
    throw new SyncError("USAGE", "an index has no content to repair with; name a REFERENCE that has");
  const { checkAgainstIndex } = await import("../archive/archive-commands.ts");
  const { filter } = await loadFilter(await readFilterOptions(options), "receiver");
  const { bytesPerSecond } = rateOf(options);
  return checkAgainstIndex(tree, options, report, { source: { filter }, bytesPerSecond, signal });
}

/** @throws USAGE for an option that is for an index, without one */
function checkIndexOptions(options: OptionValues<typeof checkOptions>): void {
  const names = Object.keys(indexCheckOptions) as (keyof typeof indexCheckOptions)[];
  const given = names.find((name) => options[name] !== undefined);
  if (given !== undefined) throw new SyncError("USAGE", `--${given} is for --index`);
}

/** What is compared, as the options say. @throws USAGE, LIMIT, NOT_FOUND, IO */
async function readComparison(options: OptionValues<typeof checkOptions>) {
  return {
    ...(await readFilterOptions(options)),
    keep: keepOf(options, "receiver"),
    rule: { equality: "content" },
  } as const;
}

/**
 * What of a reference a tree here is compared with: of a directory what is in it, as with rsync.
 *
 * @throws USAGE for a tree that is not here, NOT_FOUND, IO
 */
function contentOf(reference: string, tree: string): string {
  const place = parseEndpoint(tree);
  if (place.kind !== "local")
    throw new SyncError("USAGE", `check compares a tree here with another one; ${tree} is not here`);
  const stats = statsAt(place.path);
  if (!stats) throw nothingAt(tree);
  return stats.isDirectory() && !reference.endsWith("/") ? `${reference}/` : reference;
}
