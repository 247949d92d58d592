import { SyncError } from "../errors.ts";
import { readCount } from "./arguments.ts";
import type { OptionSpecs, OptionValues } from "./command.ts";

/** Options of the commands that can delete what the sender does not have. */
export const deleteOptions = {
  delete: {
    type: "boolean",
    about: "delete what the directories of DST hold and those of SRC do not",
    unlike: "deletes at the end, when all else is done",
    doc: "delete what the directories of DST hold and those of SRC do not ([when](#what-is-deleted))",
  },
  "delete-excluded": {
    type: "boolean",
    about: "the same, and what is left out by rules that spare nothing, too",
    doc: "the same, and what is left out is deleted, too, but for what a rule [spares](filters.md#two-ends) by itself",
  },
  "max-delete": {
    type: "string",
    value: "N",
    about: "delete nothing when it would be more than N files and directories; 1000 unless given",
    unlike: "deletes nothing when it would be more, not a part; 1000 unless given",
  },
} as const satisfies OptionSpecs;

const defaultCount = 1000;

/** How much may be deleted; undefined when nothing is. @throws USAGE */
export function deletionLimitOf(options: OptionValues<typeof deleteOptions>): number | undefined {
  const count = readCount("max-delete", options["max-delete"], 0, Number.MAX_SAFE_INTEGER);
  if (options.delete === true || options["delete-excluded"] === true) return count ?? defaultCount;
  if (count !== undefined) throw new SyncError("USAGE", "--max-delete is for --delete");
  return undefined;
}
