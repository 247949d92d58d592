import type { FilterOptions } from "../../transfer/filter-options.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

const rule = { type: "string", multiple: true, gathered: "filter" } as const;
const flag = { type: "boolean", multiple: true, gathered: "filter" } as const;

/** The options of the commands that can leave something out, with rsync's meaning. */
export const filterOptions = {
  filter: {
    ...rule,
    short: "f",
    value: "RULE",
    about: "add a rule, as with rsync; see docs/filters.md",
    doc: "add a rule ([how](filters.md)); may be given several times",
  },
  "dir-filters": {
    ...flag,
    short: "F",
    about: "read rules in .rsync-filter files; twice: leave out those files",
    unlike: "-F has the long name --dir-filters",
  },
  exclude: { ...rule, value: "PATTERN", about: "leave out what matches; may be given several times" },
  include: {
    ...rule,
    value: "PATTERN",
    about: "do not leave out what matches, whatever later rules say",
  },
  "exclude-from": { ...rule, value: "FILE", about: "the same as --exclude for each line of a file" },
  "include-from": { ...rule, value: "FILE", about: "the same as --include for each line of a file" },
  "cvs-exclude": { ...flag, short: "C", about: "leave out what CVS ignores, and .cvsignore files name" },
  gitignore: { ...flag, about: "leave out what .gitignore files name, as Git does" },
} as const satisfies OptionSpecs;

/** The same where nothing is sent, and what matches is spared from deletion. */
export const sparingOptions = {
  ...filterOptions,
  "dir-filters": {
    ...filterOptions["dir-filters"],
    about: "read rules in .rsync-filter files; twice: spare those files",
  },
  exclude: {
    ...filterOptions.exclude,
    about: "with --delete: spare what matches; may be given several times",
  },
  include: { ...filterOptions.include, about: "do not spare what matches, whatever later rules say" },
  "cvs-exclude": {
    ...filterOptions["cvs-exclude"],
    about: "spare what CVS ignores, and .cvsignore files name",
  },
  gitignore: { ...filterOptions.gitignore, about: "spare what .gitignore files name, as Git does" },
} as const satisfies OptionSpecs;

/**
 * The filter that the options make, their rules in the order given. What reads rules is loaded when
 * there are some.
 *
 * @throws USAGE, LIMIT, NOT_FOUND, IO
 */
export async function readFilterOptions(
  options: OptionValues<typeof filterOptions> & {
    readonly "delete-excluded"?: boolean;
    readonly from0?: boolean;
  },
): Promise<FilterOptions> {
  const words = options.filter ?? [];
  if (words.length === 0) return {};
  const { readFilterWords } = await import("./filter-words.ts");
  return {
    filter: readFilterWords(words, options.from0 === true),
    deletesExcluded: options["delete-excluded"] === true,
  };
}
