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

/** What deletion has to know of its destination. */
interface DeletionTools {
  /** In these directories nothing is deleted, wherever they lie. */
  readonly backups: Backups | undefined;
  readonly tempDir: TempDir | undefined;
  readonly volumes: Volumes;
  /** True to change nothing, and look into no directory for which that is needed. */
  readonly looksOnly?: boolean;
}

/** What finds what is to be deleted; undefined where nothing is. */
export function extrasAt(
  held: HeldDirs,
  place: PlacePath,
  layout: Layout,
  options: DeletionOptions,
  tools: DeletionTools,
): Extras | undefined {
  const { forcesDirs = false, maxDeletedCount } = options;
  if (maxDeletedCount === undefined && !forcesDirs) return undefined;
  return new Extras(held, maxDeletedCount ?? Number.MAX_SAFE_INTEGER, {
    ...tools,
    filters: protectionAt(held, place, layout, options),
    onlyDying: maxDeletedCount === undefined,
    refusesEmpty: options.refusesEmpty ?? false,
  });
}
