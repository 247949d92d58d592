import { pathOf } from "../bytes/byte-text.node.ts";
import { isSyncError } from "../errors.ts";
import type { SendOptions } from "../session/send.ts";
import { type DirSource, openTreeSource, type TreeSourceOptions } from "../tree/disk/source/source.node.ts";
import type { Order } from "../tree/order/order.ts";
import { nothingAt } from "./check-source.node.ts";

/** Opens what is to be sent. @throws NOT_FOUND when nothing is there, IO, UNSUPPORTED */
export async function openSource(place: string, options: TreeSourceOptions = {}): Promise<DirSource> {
  try {
    return await openTreeSource(pathOf(place), options);
  } catch (thrown) {
    throw isSyncError(thrown, "VANISHED") ? nothingAt(place, thrown) : thrown;
  }
}

/**
 * How a sender makes chunks for what it is asked: as casync does for a receiver with a store, as it
 * likes for all others.
 */
export async function chunkMakingFor({
  store,
  chunking = store === undefined ? undefined : "casync",
}: Pick<Order, "store" | "chunking">): Promise<Pick<SendOptions, "cutter" | "digest">> {
  return chunking === undefined ? {} : (await import("../casync/stored-target.ts")).casyncChunks;
}
