import type { PathRange } from "../archive/parts.node.ts";
import { pathOf } from "../bytes/byte-path.node.ts";
import { isSyncError, nothingAt } from "../errors.ts";
import type { SendOptions } from "../session/send.ts";
import type { FileRange } from "../tree/order/file-range.ts";
import { type DirSource, openTreeSource, type TreeSourceOptions } from "../tree/disk/source/source.node.ts";
import type { Order } from "../tree/order/order.ts";

/** What is opened, and what of it. */
export interface OpenSourceOptions extends TreeSourceOptions {
  /** The paths of it that are sent; all unless given. */
  readonly range?: PathRange | undefined;
  /** What is sent of the one file that is in that range; all unless given. */
  readonly fileRange?: FileRange | undefined;
}

/** Opens what is to be sent. @throws NOT_FOUND when nothing is there, IO, UNSUPPORTED */
export async function openSource(place: string, options: OpenSourceOptions = {}): Promise<DirSource> {
  try {
    const source = await openTreeSource(pathOf(place), options);
    if (options.range === undefined) return source;
    const { partSource, rangeSource } = await import("../archive/part-source.node.ts");
    const part = partSource(source, options.range);
    return options.fileRange ? rangeSource(part, options.fileRange) : part;
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
  return chunking === undefined
    ? {}
    : (await import("../casync/chunk-making.node.ts")).chunkMakingOf(chunking);
}
