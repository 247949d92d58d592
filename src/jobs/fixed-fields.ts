import { SyncError } from "../errors.ts";

/** Values of fields of jobs, by their names; `order.` is before those of an order. */
export type Fixed = Readonly<Record<string, unknown>>;

const orderPrefix = "order.";

/** Reads `NAME=VALUE`: the value is JSON, or else text. @throws USAGE */
export function parseFixed(text: string): [name: string, value: unknown] {
  const [, name, value] = /^([a-zA-Z.]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new SyncError("USAGE", `--fix takes FIELD=VALUE, not "${text}"`);
  try {
    return [name, JSON.parse(value)];
  } catch {
    return [name, value];
  }
}

/**
 * What somebody asks for with what is fixed.
 *
 * @throws UNAUTHORIZED for what is asked for otherwise
 */
export function withFixed(given: unknown, fixed: Fixed): unknown {
  if (!isRecord(given)) return given; // whoever reads it refuses it
  const { order = {}, ...fields } = given;
  if (!isRecord(order)) return given;
  const inOrder = Object.entries(order).map(([name, value]): [string, unknown] => [
    orderPrefix + name,
    value,
  ]);
  const flat = new Map<string, unknown>([...Object.entries(fields), ...inOrder]);
  for (const [name, value] of Object.entries(fixed)) {
    if (flat.has(name) && JSON.stringify(flat.get(name)) !== JSON.stringify(value))
      throw new SyncError("UNAUTHORIZED", `"${name}" is fixed here`, { detail: { field: name } });
    flat.set(name, value);
  }
  const isInOrder = (name: string): boolean => name.startsWith(orderPrefix);
  const inner = [...flat].filter(([name]) => isInOrder(name));
  return {
    ...Object.fromEntries([...flat].filter(([name]) => !isInOrder(name))),
    order: Object.fromEntries(inner.map(([name, value]) => [name.slice(orderPrefix.length), value])),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
