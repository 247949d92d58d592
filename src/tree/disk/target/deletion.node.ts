import type { Layout } from "../../entry/entry.ts";
import type { Order } from "../../order/order.ts";
import type { Backups } from "./backups.node.ts";
import type { PlacePath } from "../calls/byte-string.node.ts";
import { Extras } from "./extras.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { TempDir } from "./temp-dir.node.ts";
import type { Volumes } from "./volumes.node.ts";
import { protectionAt, type ProtectionOptions } from "./protection.node.ts";

/** What is deleted at a destination. */
export interface DeletionOptions
  extends
    ProtectionOptions,
    Pick<Order, "deletesAfterErrors" | "forcesDirs" | "maxDeletedCount" | "refusesEmpty"> {}

/** Directories in which nothing is deleted, wherever they lie. */
interface KeptDirs {
  readonly backups: Backups | undefined;
  readonly tempDir: TempDir | undefined;
}

/** What finds what is to be deleted; undefined where nothing is. */
export function extrasAt(
  held: HeldDirs,
  place: PlacePath,
  layout: Layout,
  options: DeletionOptions,
  { backups, tempDir }: KeptDirs,
  volumes: Volumes,
  looksOnly = false,
): Extras | undefined {
  const { forcesDirs = false, maxDeletedCount } = options;
  if (maxDeletedCount === undefined && !forcesDirs) return undefined;
  return new Extras(held, maxDeletedCount ?? Number.MAX_SAFE_INTEGER, {
    filters: protectionAt(held, place, layout, options),
    backups,
    tempDir,
    onlyDying: maxDeletedCount === undefined,
    refusesEmpty: options.refusesEmpty ?? false,
    volumes,
    looksOnly,
  });
}
