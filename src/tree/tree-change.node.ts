import type { ByteString } from "./byte-string.node.ts";
import type { Outcome } from "./comparison.ts";
import type { FileStats } from "./file-stats.node.ts";
import { printPlace, type DirNode } from "./dir-node.node.ts";

/** What a session does to a path, or would do. */
export interface TreeChange {
  /** `changed`: its content may differ, or it is of another kind; `touched`: its mode or time differs. */
  readonly change: "new" | "changed" | "touched" | "deleted";
  /** Below the destination. */
  readonly path: string;
  readonly kind: FileStats["kind"];
  /** Bytes of a file's content that the sender has. */
  readonly size: number;
}

/** An entry that does not stay as it is, and how it differs. */
export interface Differing {
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly kind: FileStats["kind"];
  readonly size: number;
  readonly outcome: Exclude<Outcome, "blocked" | "same">;
}

/** How an entry that differs is told. */
export function changeOf({ dir, name, kind, size, outcome }: Differing): TreeChange {
  return { change: outcome === "replaced" ? "changed" : outcome, path: printPlace(dir, name), kind, size };
}
