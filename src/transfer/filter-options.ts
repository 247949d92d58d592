import type { Order } from "../tree/order/order.ts";
import type { FilterRule } from "../tree/filter/rule.ts";

/** What is left out, and what is spared from deletion. */
export interface FilterOptions extends Pick<Order, "deletesExcluded"> {
  /** Rules of rsync, as texts of `--filter`. Files that they merge are read here, once, now. */
  readonly filter?: readonly (string | FilterRule)[] | undefined;
}
