import type { Layout } from "../../entry/entry.ts";
import { createTreeFilter, type TreeFilter } from "../../filter/tree-filter.ts";
import { type BackupOptions, backupRule } from "./backups.node.ts";
import { placeBytes, type PlacePath } from "../calls/byte-string.node.ts";
import { DirFilters } from "../source/dir-filters.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";

/** What says that something stays although no entry names it. */
export interface ProtectionOptions extends BackupOptions {
  /** Spares from deletion what its rules for receivers exclude. */
  readonly filter?: TreeFilter | undefined;
  /** True to spare nothing but that, so no backups either. */
  readonly deletesExcluded?: boolean | undefined;
}

/** What is spared at the destination of a tree; undefined where nothing is. */
export function protectionAt(
  held: HeldDirs,
  place: PlacePath,
  root: Layout,
  options: ProtectionOptions,
): DirFilters | undefined {
  const filter = withBackups(options);
  return filter && new DirFilters(filter, held, { side: "receiver", place: placeBytes(place), root });
}

function withBackups({
  filter,
  deletesExcluded = false,
  ...backup
}: ProtectionOptions): TreeFilter | undefined {
  const rule = deletesExcluded || filter?.deletesExcluded === true ? undefined : backupRule(backup);
  return rule === undefined ? filter : (filter ?? createTreeFilter([])).followedBy(rule);
}
