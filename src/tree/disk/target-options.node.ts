import type { TreeChange } from "../entry/entry.ts";
import type { TreeFilter } from "../filter/tree-filter.ts";
import type { PlanRule } from "../plan/plan-rule.ts";
import type { Unkept } from "./metadata.node.ts";
import type { ProtectionOptions } from "./protection.node.ts";

/** How `openTreeTarget` writes. */
export interface TreeTargetOptions extends ProtectionOptions {
  /** True to wait for the disk before a file gets its name, so that it survives a loss of power. */
  readonly durable?: boolean;
  /** False to refuse a link as the destination itself; true unless given. */
  readonly follow?: boolean;
  /**
   * Deletes what the directories of the tree hold and the sender does not have, when all else is
   * done and the sender could list and read all of its tree. At most so many files and directories:
   * with more nothing is deleted, and the session fails with LIMIT. Nothing is deleted unless
   * given.
   */
  readonly maxDeletedCount?: number;
  /** False to leave out of modes that everybody may write; true unless given. */
  readonly worldWritable?: boolean;
  /**
   * Called once for each thing that the file system does not keep, when it was to be kept. That is
   * no trouble of an entry.
   */
  readonly onUnkept?: (what: Unkept) => void;
  /** Which entries are brought about, and when files are equal. */
  readonly rule?: PlanRule | undefined;
  /**
   * Refuses what its rules for senders exclude, where these are all known here: the sender was told
   * to leave that out.
   */
  readonly expected?: TreeFilter | undefined;
  /** Called for each path that is not as it was any more. */
  readonly onChange?: (change: TreeChange) => void;
}
