import { pathOf } from "../bytes/byte-path.node.ts";
import { openTreePreview, type TreePreviewOptions } from "../tree/disk/target/preview.node.ts";
import { SyncError } from "../errors.ts";
import type { ChunkWriter } from "../store/store.ts";
import type { Order } from "../tree/order/order.ts";
import type { TreeTargetOptions } from "../tree/disk/target/target-options.node.ts";
import { openTreeTarget } from "../tree/disk/target/target.node.ts";
import { parseRetention } from "../tree/plan/retention.ts";
import { openSnapshot } from "../tree/disk/target/snapshots.node.ts";
import type { TreeTarget } from "../tree/target.ts";

/** How a tree is received in a place here. */
export type OpenTargetOptions = Omit<TreeTargetOptions, "follow" | "worldWritable"> &
  Pick<Order, "dryRun" | "retention" | "snapshot" | "store"> &
  Pick<TreePreviewOptions, "tellsRanges"> & {
    /** Opens `store`; a store that needs no credentials unless given. */
    readonly openStore?: ((place: string) => Promise<ChunkWriter>) | undefined;
  };

/**
 * Opens a place to receive a tree in, beside a store if there is one.
 *
 * @throws USAGE, NOT_FOUND, IO
 */
export async function openTarget(place: string, given: OpenTargetOptions = {}): Promise<TreeTarget> {
  const { store, openStore = openFreeStore, ...options } = given;
  if (store === undefined || options.dryRun === true) return openPlace(place, options);
  const [{ storedTarget }, opened] = await Promise.all([
    import("../casync/stored-target.ts"),
    openStore(store),
  ]);
  try {
    return storedTarget(await openPlace(place, options), opened);
  } catch (thrown) {
    await opened.close();
    throw thrown;
  }
}

async function openFreeStore(place: string): Promise<ChunkWriter> {
  const { openChunkWriter } = await import("../casync/open-store.node.ts");
  return openChunkWriter(place, { create: true });
}

async function openPlace(
  place: string,
  options: Omit<OpenTargetOptions, "store" | "openStore">,
): Promise<TreeTarget> {
  const { dryRun = false, snapshot = false, retention, ...others } = options;
  if (others.fileRange && (dryRun || snapshot))
    throw new SyncError("USAGE", "a file comes in ranges where the tree itself is received");
  if (snapshot) {
    const rule = retention === undefined ? undefined : parseRetention(retention);
    return openSnapshot(pathOf(place), { ...others, dryRun, retention: rule });
  }
  return dryRun ? openTreePreview(pathOf(place), others) : openTreeTarget(pathOf(place), others);
}
