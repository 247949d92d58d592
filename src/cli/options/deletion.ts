import { SyncError } from "../../errors.ts";
import { readCount } from "./arguments.ts";
import type { Order } from "../../tree/order/order.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** `--delete` by the name that says when rsync does it. */
const when = (moment: string) =>
  ({
    type: "boolean",
    about: "the same as --delete",
    unlike: "deletes at the end, when all else is done",
    doc: `the same as \`--delete\`, whatever it says (${moment})`,
  }) as const;

/** The options that ask for deletion. */
const asking = [
  "delete",
  "del",
  "delete-before",
  "delete-during",
  "delete-delay",
  "delete-after",
  "delete-excluded",
] as const;

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
    about: "the same, and what rules leave out, too, unless one protects it",
    doc: "the same, and what is left out is deleted, too, but for what a rule [spares](filters.md#two-ends) by itself",
  },
  "delete-before": when("before"),
  "delete-during": when("during"),
  "delete-delay": when("delay"),
  "delete-after": when("after"),
  del: when("during"),
  "ignore-errors": { type: "boolean", about: "delete even when SRC could not be read in full" },
  force: { type: "boolean", about: "delete what is in a directory when a file takes its place" },
  "allow-empty-source": {
    type: "boolean",
    about: "delete everything when nothing is in SRC; otherwise that is refused",
  },
  "max-delete": {
    type: "string",
    value: "N",
    about: "delete nothing when it would be more than N files and directories; 1000 unless given",
    unlike: "deletes nothing when it would be more, not a part; 1000 unless given",
  },
} as const satisfies OptionSpecs;

const defaultCount = 1000;

/** What is deleted. @throws USAGE */
export function deletionOf(
  options: OptionValues<typeof deleteOptions>,
): Pick<Order, "deletesAfterErrors" | "forcesDirs" | "maxDeletedCount" | "refusesEmpty"> {
  const maxDeletedCount = limitOf(options);
  return {
    maxDeletedCount,
    deletesAfterErrors: options["ignore-errors"],
    forcesDirs: options.force,
    refusesEmpty: maxDeletedCount !== undefined && options["allow-empty-source"] !== true,
  };
}

/** How much may be deleted; undefined when nothing is. @throws USAGE */
function limitOf(options: OptionValues<typeof deleteOptions>): number | undefined {
  const count = readCount("max-delete", options["max-delete"], 0, Number.MAX_SAFE_INTEGER);
  if (asking.some((name) => options[name] === true)) return count ?? defaultCount;
  if (count !== undefined) throw new SyncError("USAGE", "--max-delete is for --delete");
  return undefined;
}
