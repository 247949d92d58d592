import { toHex } from "../bytes/hex.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { AbortOptions } from "../types.ts";
import type { TreeRecord } from "./record.ts";

/** An entry of a relayed tree, and where it is. */
export interface RelayedPlace {
  readonly number: number;
  readonly entry: Entry;
  /** The names from the root on, in hex; none for the root itself. Good until the next place. */
  readonly way: readonly string[];
}

/**
 * The places of a relayed tree, in order, as they become known.
 *
 * @throws what ends the upstream, the signal's reason
 */
export async function* placesIn(record: TreeRecord, { signal }: AbortOptions): AsyncGenerator<RelayedPlace> {
  const way: string[] = [];
  for (let number = 0; ; number++) {
    while (number >= record.entries.length) {
      if (record.end === "complete") return;
      if (record.end !== undefined) throw record.end;
      await record.signals.wait("tree", signal);
    }
    const { entry } = record.entries[number]!;
    // What a tree without a name of its own has at the top stands for the root.
    const top = record.form?.layout === "contents" ? 1 : 0;
    way.length = Math.max(0, entry.depth - top);
    if (entry.depth >= top) way.push(toHex(entry.name));
    yield { number, entry, way };
  }
}

/** True for a way that begins with another, or is it. */
export function leadsThrough(way: readonly string[], start: readonly string[]): boolean {
  return way.length >= start.length && start.every((part, i) => part === way[i]);
}
