import { encodeByteText } from "../bytes/byte-text.ts";
import { SyncError } from "../errors.ts";
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
  const filter = createTreeFilter(texts.map(encodeByteText), { deletesExcluded });
  if (filter.rules.some(reachesOutside))
    throw new SyncError("UNSUPPORTED", "a server takes no rules about what is outside of its tree");
  return filter;
}

function reachesOutside(rule: FilterRule): boolean {
  if (rule.type === "pattern") return rule.isAbsolute;
  return rule.file.includes("/") || rule.reading.isAbsolute;
}
