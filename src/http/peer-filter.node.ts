import { encodeByteText } from "../bytes/byte-text.ts";
import { SyncError } from "../errors.ts";
import { mergedName } from "../tree/filter/merged-files.ts";
import type { FilterRule } from "../tree/filter/rule.ts";
import type { Order } from "../tree/order/order.ts";
import { createTreeFilter, type TreeFilter } from "../tree/filter/tree-filter.ts";

/**
 * The filter that a peer asks a server for. It reads no file but those that directories of the tree
 * itself have, and does not tell where the tree is.
 *
 * @throws USAGE for what is no rule, LIMIT, UNSUPPORTED
 */
export function filterOfPeer({ filter: texts = [], deletesExcluded = false }: Order): TreeFilter | undefined {
  if (texts.length === 0) return undefined;
  const { rules } = createTreeFilter(texts.map(encodeByteText));
  return createTreeFilter(rules.map(withinTree), { deletesExcluded });
}

/** The rule without a path in front of a file that directories have: none above is read. */
function withinTree(rule: FilterRule): FilterRule {
  if (rule.type === "pattern" ? rule.isAbsolute : rule.reading.isAbsolute)
    throw new SyncError("UNSUPPORTED", "a server takes no rules about what is outside of its tree");
  return rule.type === "pattern" ? rule : { ...rule, file: mergedName(rule) };
}
