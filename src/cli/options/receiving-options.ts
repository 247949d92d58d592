import type { FilterOptions } from "../../transfer/filter-options.ts";
import type { OpenTargetOptions } from "../../transfer/open-target.node.ts";
import { SyncError } from "../../errors.ts";
import type { Order, OrderEnd } from "../../tree/order/order.ts";
import type { Unkept } from "../../tree/disk/facts/metadata.node.ts";
import { alternativeOptions, alternativesOf, backupOptions, backupsOf } from "./backup-options.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { deleteOptions, deletionOf } from "./deletion.ts";
import { explainOption } from "./filter-explanation.ts";
import { filterOptions, readFilterOptions } from "./filter-options.ts";
import { keepOf, keepOptions } from "./keep-options.ts";
import { planOptions, planRuleOf } from "./plan-options.ts";
import { snapshotOf, snapshotOptions } from "./snapshot-options.ts";
import type { Report } from "../report/report.ts";

/** The option of the commands that can tell what they would do. */
export const dryRunOption = {
  "dry-run": {
    type: "boolean",
    short: "n",
    about: "tell what would become of DST, and change nothing",
    unlike: "each path is told by a word unless --itemize-changes is given; a server can be asked, too",
    doc: "tell what would become of DST, and change nothing ([how](#what-would-be-done))",
  },
} as const satisfies OptionSpecs;

/** Options about what becomes of a place that a tree is received in. */
export const placeOptions = {
  ...filterOptions,
  ...dryRunOption,
  ...deleteOptions,
  ...planOptions,
  inplace: {
    type: "boolean",
    about: "write into files that are there, not beside them",
    doc: "write into files that are there, where they differ, once the new content is complete ([when](places.md#writing-in-place))",
    unlike: "the new content is complete before, and takes room until then; a server does not",
  },
  "temp-dir": {
    type: "string",
    short: "T",
    value: "DIR",
    about: "write the content of new files in this directory until it is complete",
    doc: "write new files in this directory, relative to DST, until they are complete ([more](places.md#where-new-files-are-written))",
    unlike:
      "nothing in it is deleted; where no rename leads from it into DST, a file is copied beside its place and compared, and only then replaces the old one",
  },
  preallocate: {
    type: "boolean",
    about: "take the room of files before their content comes",
    doc: "take the room of files before their content comes, so that one that finds none fails at once; needs koffi, on Linux",
    unlike: "a server does not",
  },
  restart: {
    type: "boolean",
    about: "use nothing that an unfinished run left at DST",
    doc: "use nothing that an unfinished run left at DST, and remove it first ([what is left](places.md#what-an-unfinished-run-leaves))",
  },
  fsync: {
    type: "string",
    value: "WHEN",
    choices: ["files", "once", "all"],
    bare: "files",
    about: "wait for the disk: files (before names), once (at the end), all",
    doc: "wait for the disk: `files`, as without a value, before a file gets its name; `once`, when all is done; `all`, both ([what for](security.md#what-is-not-protected))",
    unlike: "takes a value",
  },
  mkpath: {
    type: "boolean",
    about: "make the directories around DST that are not there",
    unlike: "a server does not",
  },
  "keep-dirlinks": {
    type: "boolean",
    short: "K",
    about: "receive into a directory that a link in DST leads to",
    unlike: "the mode and time of that directory are set, too; a server does not",
  },
  store: {
    type: "string",
    value: "STORE",
    about: "take chunks from a store where DST is, and leave them there",
  },
  ...backupOptions,
  ...alternativeOptions,
  ...snapshotOptions,
  ...keepOptions,
} as const satisfies OptionSpecs;

/** Options of the commands that receive a tree here. */
export const receivingOptions = {
  ...placeOptions,
  ...explainOption,
} as const satisfies OptionSpecs;

const unkeptTexts: Readonly<Record<Unkept, string>> = {
  modes: "the modes of files and directories",
  times: "their times: unchanged files will be compared by content",
  "room that is taken in advance": "room that is taken in advance (koffi is needed for that)",
  "owners of links": "the owners of links",
  "times of links": "the times of links",
  "access times": "the times of the last access",
  owners: "the owners and groups of files",
  "extended attributes": "all extended attributes",
  "access control lists": "access control lists",
};

/**
 * What is to become of a place, as the options say.
 *
 * @param end which end of the transfer is here; the sender where both are
 * @throws USAGE, LIMIT, NOT_FOUND, IO
 */
export async function readPlaceOptions(
  options: OptionValues<typeof placeOptions>,
  end: OrderEnd,
): Promise<Omit<Order, "filter"> & FilterOptions> {
  const dryRun = options["dry-run"] === true;
  const rule = planRuleOf(options);
  if (dryRun && rule.equality === "content" && options["compare-dest"] !== undefined)
    throw new SyncError("USAGE", "--dry-run compares content with DST alone, not with --compare-dest");
  return {
    ...(await readFilterOptions(options)),
    dryRun,
    rule,
    keep: keepOf(options, end),
    ...deletionOf(options),
    keepsDirLinks: options["keep-dirlinks"],
    makesPath: options.mkpath,
    ...backupsOf(options),
    ...alternativesOf(options),
    ...snapshotOf(options),
    ...inPlaceOf(options),
    store: options.store,
    tempDir: options["temp-dir"],
    preallocates: options.preallocate,
    restarts: options.restart,
    durability: options.fsync,
  };
}

function inPlaceOf(options: OptionValues<typeof placeOptions>): Pick<Order, "inPlace"> {
  if (options.inplace !== true) return {};
  const other = (["backup", "backup-dir", "snapshot"] as const).find((name) => options[name] !== undefined);
  if (other !== undefined)
    throw new SyncError("USAGE", `--inplace leaves no old file, which --${other} needs`);
  return { inPlace: true };
}

/** How a tree is received at a place here. */
export function readLocalOptions(
  place: string,
  report: Report,
): Pick<OpenTargetOptions, "onUnkept" | "openStore"> {
  return {
    openStore: async (store) => (await import("../casync/commands.ts")).openStoreOfTrees(store, report),
    onUnkept: (what) =>
      report.notice(`the file system at ${place} does not keep ${unkeptTexts[what]}`, { unkept: what }),
  };
}
