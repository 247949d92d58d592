import { utf8ByteString } from "../../bytes/byte-string.ts";
import { SyncError } from "../../errors.ts";
import type { DirFilter } from "../../tree/filter/dir-filter.ts";
import { createTreeFilter } from "../../tree/filter/tree-filter.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { filterOptions, readFilterOptions } from "../options/filter-options.ts";

const { filter, exclude, include, "exclude-from": excludeFrom, "include-from": includeFrom } = filterOptions;

/** The options that say which keys are left out; none reads files of directories. */
export const keyFilterOptions = {
  filter,
  exclude,
  include,
  "exclude-from": excludeFrom,
  "include-from": includeFrom,
} as const satisfies OptionSpecs;

/** What rules say of keys. */
export interface KeyFilter {
  readonly isLeftOut: (key: string) => boolean;
  /** The rules as they were given. */
  readonly filter: readonly string[];
}

/**
 * The rules of a command line, asked about keys as about paths: a key is left out by itself, or by
 * a directory above it.
 *
 * @throws USAGE for rules that are in files of directories
 */
export async function readKeyFilter(options: OptionValues<typeof keyFilterOptions>): Promise<KeyFilter> {
  const words = options.filter ?? [];
  const { filter: rules = [] } = await readFilterOptions(options);
  const treeFilter = createTreeFilter(rules);
  if (treeFilter.readsFiles("sender"))
    throw new SyncError("USAGE", "directories of a bucket have no files with rules");
  const top = treeFilter.open("sender", {}).enter("", () => undefined);
  let lastDir = "";
  let inDir: DirFilter | undefined = top;

  /** The filter of what is in a directory; undefined when that is left out. */
  function enter(dir: string): DirFilter | undefined {
    let filter = top;
    for (const name of utf8ByteString(dir).split("/").slice(0, -1)) {
      if (filter.excludes(name, true)) return undefined;
      filter = filter.enter(name, () => undefined);
    }
    return filter;
  }

  /** Keys come in their order, so that most are in the directory of the one before. */
  function isLeftOut(key: string): boolean {
    const end = key.lastIndexOf("/") + 1;
    const dir = key.slice(0, end);
    if (dir !== lastDir) inDir = enter(dir);
    lastDir = dir;
    if (!inDir) return true;
    return end < key.length && inDir.excludes(utf8ByteString(key.slice(end)), false);
  }

  return { isLeftOut: rules.length === 0 ? () => false : isLeftOut, filter: words };
}
