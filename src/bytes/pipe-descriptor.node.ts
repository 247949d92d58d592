import { fstatSync } from "node:fs";

/**
 * True for a pipe or socket.
 *
 * Asked for plain numbers, Node keeps the last facts in memory that its loader of modules looks at
 * on the way through links: after those of a pipe it would follow none, and load packages twice.
 */
export function isPipe(descriptor: number): boolean {
  const facts = fstatSync(descriptor, { bigint: true });
  return facts.isFIFO() || facts.isSocket();
}
