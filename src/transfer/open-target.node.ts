import { pathOf } from "../bytes/byte-text.node.ts";
import { openTreePreview, type TreePreviewOptions } from "../tree/disk/target/preview.node.ts";
import type { Order } from "../tree/order/order.ts";
import type { TreeTargetOptions } from "../tree/disk/target/target-options.node.ts";
import { openTreeTarget } from "../tree/disk/target/target.node.ts";
import { parseRetention } from "../tree/plan/retention.ts";
import { openSnapshot } from "../tree/disk/target/snapshots.node.ts";
import type { TreeTarget } from "../tree/target.ts";

/** How a tree is received in a place here. */
export type OpenTargetOptions = Omit<TreeTargetOptions, "follow" | "worldWritable"> &
  Pick<Order, "dryRun" | "retention" | "snapshot"> &
  Pick<TreePreviewOptions, "tellsRanges">;

/** Opens a place to receive a tree in. @throws USAGE, NOT_FOUND, IO */
export async function openTarget(place: string, options: OpenTargetOptions = {}): Promise<TreeTarget> {
  const { dryRun = false, snapshot = false, retention, ...others } = options;
  if (snapshot) {
    const rule = retention === undefined ? undefined : parseRetention(retention);
    return openSnapshot(pathOf(place), { ...others, dryRun, retention: rule });
  }
  return dryRun ? openTreePreview(pathOf(place), others) : openTreeTarget(pathOf(place), others);
}
