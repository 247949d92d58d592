import type { FilterOptions } from "../transfer/filter-options.ts";
import type { OpenTargetOptions } from "../transfer/open-target.node.ts";
import type { Order } from "../tree/order/order.ts";
import type { Unkept } from "../tree/disk/metadata.node.ts";
import { alternativeOptions, alternativesOf, backupOptions, backupsOf } from "./backup-options.ts";
import type { OptionSpecs, OptionValues } from "./command.ts";
import { deleteOptions, deletionLimitOf } from "./deletion.ts";
import { explainOption } from "./filter-explanation.ts";
import { filterOptions, readFilterOptions } from "./filter-options.ts";
import { keepOf, keepOptions } from "./keep-options.ts";
import { planOptions, planRuleOf } from "./plan-options.ts";
import type { Report } from "./report.ts";

/** The option of the commands that can tell what they would do. */
export const dryRunOption = {
  "dry-run": {
    type: "boolean",
    short: "n",
    about: "tell what would become of DST, and change nothing",
    unlike: "each path is told by a word, not by letters; a server can be asked, too",
    doc: "tell what would become of DST, and change nothing ([how](#what-would-be-done))",
  },
} as const satisfies OptionSpecs;

/** Options about what becomes of a place that a tree is received in. */
export const placeOptions = {
  ...filterOptions,
  ...dryRunOption,
  ...deleteOptions,
  ...planOptions,
  ...backupOptions,
  ...alternativeOptions,
  ...keepOptions,
} as const satisfies OptionSpecs;

/** Options of the commands that receive a tree here. */
export const receivingOptions = {
  ...placeOptions,
  ...explainOption,
  fsync: {
    type: "boolean",
    about: "wait for the disk before a file gets its name",
    doc: "wait for the disk before a file gets its name, so that it survives a loss of power",
  },
} as const satisfies OptionSpecs;

const unkeptTexts: Readonly<Record<Unkept, string>> = {
  modes: "the modes of files and directories",
  times: "their times: unchanged files will be compared by content",
  "times of links": "the times of links",
  "access times": "the times of the last access",
  owners: "the owners and groups of files",
};

/** What is to become of a place, as the options say. @throws USAGE, LIMIT, NOT_FOUND, IO */
export async function readPlaceOptions(
  options: OptionValues<typeof placeOptions>,
): Promise<Omit<Order, "filter"> & FilterOptions> {
  return {
    ...(await readFilterOptions(options)),
    dryRun: options["dry-run"] === true,
    rule: planRuleOf(options),
    keep: keepOf(options),
    maxDeletedCount: deletionLimitOf(options),
    ...backupsOf(options),
    ...alternativesOf(options),
  };
}

/** How a tree is received at a place here. */
export function readLocalOptions(
  place: string,
  options: OptionValues<typeof receivingOptions>,
  report: Report,
): Pick<OpenTargetOptions, "durable" | "onUnkept"> {
  return {
    durable: options.fsync === true,
    onUnkept: (what) =>
      report.notice(`the file system at ${place} does not keep ${unkeptTexts[what]}`, { unkept: what }),
  };
}
