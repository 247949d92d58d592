import type { FilterSide } from "../tree/filter/rule.ts";
import type { TreeFilter } from "../tree/filter/tree-filter.ts";
import type { FilterOptions } from "./filter-options.ts";

/** A filter for this end, and the rules for the other one as texts of `--filter`. */
export interface LoadedFilter {
  readonly filter: TreeFilter | undefined;
  readonly texts: readonly string[];
}

/**
 * Makes the filter that rules make. What reads rules is loaded when there are some.
 *
 * @param other the other end
 * @throws USAGE, LIMIT, NOT_FOUND, IO
 */
export async function loadFilter(options: FilterOptions, other: FilterSide): Promise<LoadedFilter> {
  if (options.filter === undefined || options.filter.length === 0) return { filter: undefined, texts: [] };
  const { filterOf, filterTexts } = await import("./filter-rules.node.ts");
  const filter = filterOf(options);
  return { filter, texts: filterTexts(filter, other) };
}
