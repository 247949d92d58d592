import { byteStringOf } from "../../bytes/byte-string.ts";
import { encodeByteText } from "../../bytes/byte-text.ts";
import type { Bytes } from "../../types.ts";
import { DirFilter, type FilterTop } from "./dir-filter.ts";
import { withoutRepetition } from "./merged-files.ts";
import { type FilterRule, type FilterSide, isForSide, usualReading } from "./rule.ts";
import { RuleList, type RuleListOptions } from "./rule-list.ts";

/** How the rules of a filter are read. */
export type TreeFilterOptions = RuleListOptions;

/** What is left out of a tree at the sender, and spared from deletion at the receiver. */
export interface TreeFilter {
  /** The rules, without those of directories, in the order in which they are asked. */
  readonly rules: readonly FilterRule[];
  /** True when unmarked rules are the sender's alone. */
  readonly deletesExcluded: boolean;
  /** True when directories of the tree may have rules of their own for this end. */
  readsFiles(side: FilterSide): boolean;
  /** The same filter with one more rule, which is asked last. */
  followedBy(rule: string): TreeFilter;
  /** Begins to ask one end's rules. Each call is for itself. */
  open(side: FilterSide, top: FilterTop): DirFilter;
}

/**
 * Makes a filter of rules as rsync has them: the first rule that matches a path decides, and what
 * none matches is neither left out nor spared. Nothing that a rule says takes exponential time.
 *
 * @param rules texts as those of `--filter`, their bytes, or rules that were read before
 * @throws USAGE for what is no rule, LIMIT, and what `readFile` does
 */
export function createTreeFilter(
  rules: readonly (string | Bytes | FilterRule)[],
  options: TreeFilterOptions = {},
): TreeFilter {
  const list = new RuleList(options);
  for (const rule of rules) {
    if (typeof rule === "string") list.add(byteStringOf(encodeByteText(rule)), usualReading);
    else if (rule instanceof Uint8Array) list.add(byteStringOf(rule), usualReading);
    else list.push(rule);
  }
  const complete = withoutRepetition(list.rules);
  const { deletesExcluded = false } = options;
  return {
    rules: complete,
    deletesExcluded,
    readsFiles: (side) => complete.some((rule) => rule.type === "dir-merge" && isForSide(rule.reading, side)),
    followedBy: (rule) => createTreeFilter([...complete, rule], options),
    open: (side, top) => DirFilter.top(complete, side, top, { ...options, deletesExcluded }),
  };
}
