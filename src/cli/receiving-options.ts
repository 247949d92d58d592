import type { FilterOptions } from "../transfer/filter-options.ts";
import type { OpenTargetOptions } from "../transfer/open-target.node.ts";
import type { Unkept } from "../tree/disk/metadata.node.ts";
import type { OptionSpecs, OptionValues } from "./command.ts";
import { deleteOptions, deletionLimitOf } from "./deletion.ts";
import { explainOption } from "./filter-explanation.ts";
import { filterOptions, readFilterOptions } from "./filter-options.ts";
import { planOptions, planRuleOf } from "./plan-options.ts";
import type { Report } from "./report.ts";

/** The option of the commands that can tell what they would do. */
export const dryRunOption = {
  "dry-run": { type: "boolean", short: "n", about: "tell what would become of DST, and change nothing" },
} as const satisfies OptionSpecs;

/** Options of the commands that receive a tree here. */
export const receivingOptions = {
  ...filterOptions,
  ...explainOption,
  ...dryRunOption,
  ...deleteOptions,
  ...planOptions,
  fsync: { type: "boolean", about: "wait for the disk before a file gets its name" },
} as const satisfies OptionSpecs;

const unkeptTexts: Readonly<Record<Unkept, string>> = {
  modes: "the modes of files and directories",
  times: "their times: unchanged files will be compared by content",
  "times of links": "the times of links",
};

/** How a tree is received at a place, as the options say. @throws USAGE, LIMIT, NOT_FOUND, IO */
export async function readReceivingOptions(
  place: string,
  options: OptionValues<typeof receivingOptions>,
  report: Report,
): Promise<
  Pick<OpenTargetOptions, "dryRun" | "durable" | "maxDeletedCount" | "onUnkept" | "rule"> & FilterOptions
> {
  const maxDeletedCount = deletionLimitOf(options);
  return {
    ...(await readFilterOptions(options)),
    dryRun: options["dry-run"] === true,
    rule: planRuleOf(options),
    durable: options.fsync === true,
    ...(maxDeletedCount !== undefined && { maxDeletedCount }),
    onUnkept: (what) =>
      report.notice(`the file system at ${place} does not keep ${unkeptTexts[what]}`, { unkept: what }),
  };
}
