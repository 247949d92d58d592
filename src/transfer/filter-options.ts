import type { FilterRule } from "../tree/filter/rule.ts";

/** What is left out, and what is spared from deletion. */
export interface FilterOptions {
  /** Rules of rsync, as texts of `--filter`. Files that they merge are read here, once, now. */
  readonly filter?: readonly (string | FilterRule)[];
  /** True to delete what is left out, too, but for what a rule spares by itself. */
  readonly deletesExcluded?: boolean;
}
