import { SyncError } from "../../errors.ts";
import { decodeOrder } from "../../tree/order/order-codec.ts";
import type { Order, OrderEnd } from "../../tree/order/order.ts";
import type { OptionSpecs } from "../command.ts";

/** The option by which `push` and `pull` tell the program at the other end what to do. */
export const orderOption = {
  order: {
    type: "string",
    value: "JSON",
    about: "do as a record says in place of options; push and pull use it",
  },
} as const satisfies OptionSpecs;

/**
 * What the other end asks for; undefined when the options say what is to be done.
 *
 * @throws USAGE for what is no order, or for options beside one
 */
export function orderGiven(
  options: Readonly<Record<string, unknown>> & { readonly order?: string },
  end: OrderEnd,
  others: OptionSpecs,
): Order | undefined {
  if (options.order === undefined) return undefined;
  const beside = Object.keys(others).find((name) => options[name] !== undefined);
  if (beside !== undefined) throw new SyncError("USAGE", `--order says it all; leave out --${beside}`);
  try {
    return decodeOrder(options.order, end);
  } catch (cause) {
    throw new SyncError("USAGE", `--order: ${cause instanceof Error ? cause.message : "?"}`, { cause });
  }
}
