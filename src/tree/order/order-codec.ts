import { SyncError } from "../../errors.ts";
import { unknownField } from "./checks.ts";
import { orderFields } from "./order-fields.ts";
import type { Order, OrderEnd } from "./order.ts";

const names = Object.keys(orderFields) as (keyof Order)[];

/** The fields of an order that say something. */
export function fieldsOf(order: Order): readonly (keyof Order)[] {
  return names.filter((name) => saysSomething(order[name]));
}

/** True when who asks for this has to be allowed to delete. */
export function asksForDeletion(order: Order): boolean {
  return fieldsOf(order).some((name) => orderFields[name].deletes === true);
}

function saysSomething(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== false;
}

/** What one end has to carry out of an order, as JSON; undefined when that is nothing. */
export function encodeOrder(order: Order, end: OrderEnd): string | undefined {
  const told = fieldsOf(order).filter((name) => orderFields[name].ends.includes(end));
  if (told.length === 0) return undefined;
  return JSON.stringify(Object.fromEntries(told.map((name) => [name, order[name]])));
}

/**
 * Reads what another end asks this one for.
 *
 * @throws BAD_MESSAGE for what is no order, UNSUPPORTED for a field that this end does not know
 */
export function decodeOrder(text: string, end: OrderEnd): Order {
  const value = parse(text);
  const members = Object.entries(value).map(([name, member]) => {
    if (!Object.hasOwn(orderFields, name)) throw unknownField(`order.${name}`);
    const { check, ends } = orderFields[name as keyof Order];
    if (!ends.includes(end))
      throw new SyncError("BAD_MESSAGE", `"${name}" of an order is not for the ${end}`);
    return [name, check(member, `order.${name}`)];
  });
  return Object.fromEntries(members) as Order;
}

function parse(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyncError("BAD_MESSAGE", "an order is not well formed", { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new SyncError("BAD_MESSAGE", "an order is a record");
}
