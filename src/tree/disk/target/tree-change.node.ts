import type { ByteString } from "../calls/byte-string.node.ts";
import type { Outcome } from "../../plan/comparison.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { printPlace, type DirNode } from "../calls/dir-node.node.ts";
import type { ChangedFact, TreeChange } from "../../entry/entry.ts";

/** An entry that does not stay as it is, and how it differs. */
export interface Differing {
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly kind: FileStats["kind"];
  readonly size: number;
  readonly outcome: Exclude<Outcome, "blocked" | "same" | "skipped"> | "deleted";
  /** In what; nothing unless given. */
  readonly differs?: readonly ChangedFact[];
}

/** How an entry that differs is told. */
export function changeOf({ dir, name, kind, size, outcome, differs = [] }: Differing): TreeChange {
  const change = outcome === "replaced" ? "changed" : outcome;
  const path = printPlace(dir, name);
  if (change !== "touched") return { change, path, kind, size, differs };
  // It was compared, and found to be the same.
  return { change, path, kind, size, differs: differs.filter((fact) => fact !== "content") };
}

/** Whoever wants to know of changes, as one; undefined when nobody does. */
export function tellAll(
  ...listeners: readonly (((change: TreeChange) => void) | undefined)[]
): ((change: TreeChange) => void) | undefined {
  const all = listeners.filter((listener) => listener !== undefined);
  return all.length < 2 ? all[0] : (change) => all.forEach((listener) => listener(change));
}
