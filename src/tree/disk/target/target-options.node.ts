import type { TreeChange } from "../../entry/entry.ts";
import type { TreeFilter } from "../../filter/tree-filter.ts";
import type { Order } from "../../order/order.ts";
import type { AlternativeOptions } from "./alternatives.node.ts";
import type { DeletionOptions } from "./deletion.node.ts";
import type { Unkept } from "../facts/metadata.node.ts";
import type { TempDirOptions } from "./temp-dir.node.ts";

/** How `openTreeTarget` writes. */
export interface TreeTargetOptions
  extends
    AlternativeOptions,
    DeletionOptions,
    TempDirOptions,
    Pick<
      Order,
      | "durability"
      | "preallocates"
      | "inPlace"
      | "keep"
      | "keepsDirLinks"
      | "makesPath"
      | "part"
      | "fileRange"
      | "restarts"
      | "rule"
    > {
  /**
   * True to change nothing about files that have further names: what differs in its mode or time
   * alone becomes a file of its own.
   */
  readonly sparesLinked?: boolean;
  /** False to refuse a link as the destination itself; true unless given. */
  readonly follow?: boolean;
  /** False to leave out of modes that everybody may write; true unless given. */
  readonly worldWritable?: boolean;
  /**
   * Called once for each thing that the file system does not keep, when it was to be kept. That is
   * no trouble of an entry.
   */
  readonly onUnkept?: (what: Unkept) => void;
  /**
   * Refuses what its rules for senders exclude, where these are all known here: the sender was told
   * to leave that out.
   */
  readonly expected?: TreeFilter | undefined;
  /** Called for each path that is not as it was any more. */
  readonly onChange?: (change: TreeChange) => void;
}
