import { encodeByteText } from "../bytes/byte-text.node.ts";
import { createPathFilter, type FilterRule, type PathFilter } from "../tree/filter/path-filter.ts";

/** The filter that rules of rsync make; undefined where there are none. @throws LIMIT */
export function filterOf(texts: readonly string[] | undefined): PathFilter | undefined {
  return texts && createPathFilter(readRules(texts));
}

/**
 * Reads the texts of `--exclude`, as rsync does: `+ ` in front includes, `- ` excludes, and `!`
 * alone forgets all before it.
 */
export function readRules(texts: readonly string[]): FilterRule[] {
  const rules = texts.slice(texts.lastIndexOf("!") + 1);
  return rules.map((text) => ({
    action: text.startsWith("+ ") ? "include" : "exclude",
    pattern: encodeByteText(text.replace(/^[+-] /, "")),
  }));
}
