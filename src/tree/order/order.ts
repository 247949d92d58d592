import type { Keep } from "../plan/keep.ts";
import type { PlanRule } from "../plan/plan-rule.ts";

/**
 * What is to be done with a tree, beside where it comes from and goes to. It means the same at both
 * ends, and over every transport.
 */
export interface Order {
  /** True to change nothing, and to tell what would change. */
  readonly dryRun?: boolean | undefined;
  /**
   * Deletes what the directories of the destination hold and those of the source do not, when all
   * else is done and the sender could list and read all of its tree. At most so many files and
   * directories: with more nothing is deleted, and the session fails with LIMIT. Nothing is deleted
   * unless given.
   */
  readonly maxDeletedCount?: number | undefined;
  /** Rules for what is left out and what is spared from deletion, as texts of `--filter`. */
  readonly filter?: readonly string[] | undefined;
  /** True to delete what is left out, too, but for what a rule spares by itself. */
  readonly deletesExcluded?: boolean | undefined;
  /** Which entries are brought about, and when files are equal. */
  readonly rule?: PlanRule | undefined;
  /**
   * The directory that files go into that are replaced or deleted, under the paths that they had;
   * relative to the destination.
   */
  readonly backupDir?: string | undefined;
  /** What is added to the names of such files; without a directory they lie beside the others. */
  readonly backupSuffix?: string | undefined;
  /** Makes nothing that is not at the destination and equal in one of these directories. */
  readonly compareDest?: readonly string[] | undefined;
  /** Copies what is equal in one of these directories. */
  readonly copyDest?: readonly string[] | undefined;
  /** Gives what is equal in one of these directories one more name. */
  readonly linkDest?: readonly string[] | undefined;
  /** Which facts of entries are kept. */
  readonly keep?: Keep | undefined;
  /**
   * Makes a snapshot: a new directory in the destination named by the time, in which all that is
   * the same as in the last one is a further name for it.
   */
  readonly snapshot?: boolean | undefined;
  /** Which snapshots stay then, such as `10` or `daily:7,weekly:4`; all unless given. */
  readonly retention?: string | undefined;
  /** When what is written is on the medium; whenever the system likes, unless given. */
  readonly durability?: Durability | undefined;
  /** Bytes that the sender lets go out in a second at most. */
  readonly bytesPerSecond?: number | undefined;
}

/**
 * When what is written has to be on the medium: `files`, the content of a file before it gets its
 * name; `once`, all of it when the transfer is done, and before anything is deleted; `all`, both.
 */
export type Durability = "files" | "once" | "all";

/** The end of a transfer that carries out a part of an order. */
export type OrderEnd = "sender" | "receiver";
