import type { ByteString } from "../calls/byte-string.node.ts";
import type { Outcome } from "../../plan/comparison.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { printPlace, type DirNode, type NameIn } from "../calls/dir-node.node.ts";
import type { ChangedFact, TreeChange } from "../../entry/entry.ts";
import { decodeByteText } from "../../../bytes/byte-text.ts";
import type { Bytes } from "../../../types.ts";

/** An entry that does not stay as it is, and how it differs. */
export interface Differing {
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly kind: FileStats["kind"];
  readonly size: number;
  readonly outcome: Exclude<Outcome, "blocked" | "same" | "skipped"> | "deleted";
  /** What a link holds. */
  readonly target?: Bytes | undefined;
  /** The first name of the file that it is a further one of. */
  readonly linkedTo?: NameIn | undefined;
  /** In what; nothing unless given. */
  readonly differs?: readonly ChangedFact[];
}

/** How an entry that differs is told. */
export function changeOf({
  dir,
  name,
  kind,
  size,
  outcome,
  target,
  linkedTo,
  differs = [],
}: Differing): TreeChange {
  const change = outcome === "replaced" ? "changed" : outcome;
  return {
    change,
    path: printPlace(dir, name),
    kind,
    size,
    // What is only touched was compared, and found to be the same.
    differs: change === "touched" ? differs.filter((fact) => fact !== "content") : differs,
    ...(linkedTo && { linkedTo: printPlace(linkedTo.dir, linkedTo.name) }),
    ...(target && !linkedTo && change !== "deleted" && { holds: decodeByteText(target) }),
  };
}

/** Whoever wants to know of changes, as one; undefined when nobody does. */
export function tellAll(
  ...listeners: readonly (((change: TreeChange) => void) | undefined)[]
): ((change: TreeChange) => void) | undefined {
  const all = listeners.filter((listener) => listener !== undefined);
  return all.length < 2 ? all[0] : (change) => all.forEach((listener) => listener(change));
}
