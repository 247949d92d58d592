import { setMaxListeners } from "node:events";
import { ByteRoom } from "../../bytes/byte-room.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import { copyTasks } from "./copy-tasks.node.ts";
import { type DeletionGuards, deletionLimits, deleteTasks, guardDeletions } from "./delete-tasks.node.ts";
import type { SyncEvents } from "./events.ts";
import { type Comparison, type Job, nameOf, type SyncSide } from "./job.ts";
import { listSides } from "./list-sides.node.ts";
import { slotLimits, Slots } from "./slots.ts";
import { type Counts } from "./records.ts";
import { SyncState } from "./state.node.ts";
import type { Work } from "./work.node.ts";

export interface SyncBucketsOptions extends SyncEvents, Partial<DeletionGuards> {
  readonly signal?: AbortSignal;
  /** `checksum` unless given. */
  readonly compare?: Comparison;
  /** True to delete what the source does not have. */
  readonly deletes?: boolean;
  /** True to delete even when objects could not be copied. */
  readonly deletesAfterFailures?: boolean;
  /** True for keys that are neither copied nor deleted. Keys are without the prefixes. */
  readonly isLeftOut?: (key: string) => boolean;
  /** Names what `isLeftOut` goes by: an unfinished run goes on with the same only. */
  readonly filter?: readonly string[];
  /** What keys of the destination begin with under which replaced and deleted objects are kept. */
  readonly backupPrefix?: string;
  readonly keepsMetadata?: boolean;
  readonly storageClass?: string;
  /** True to change nothing, and tell what would become of objects. */
  readonly isDry?: boolean;
  /** True to begin anew where an unfinished run is recorded. */
  readonly restarts?: boolean;
  readonly slots?: Slots;
}

/** How a run ended. */
export interface SyncBucketsSummary extends Counts {
  readonly failed: number;
  /** True when it went on with what an earlier run had left. */
  readonly isResumed: boolean;
}

const noText: readonly string[] = [];

/**
 * Brings the objects of the destination up to date with those of the source, one way. What is to
 * be done is recorded in a state file, from which a run that was ended at any moment goes on.
 * Nothing is deleted before both listings are complete and all is copied.
 *
 * @throws USAGE for sides that overlap, and a state of another job; LOCKED, STATE, LIMIT for
 *   deletions that look like a mistake; what buckets throw when a listing fails
 */
export async function syncBuckets(
  source: SyncSide,
  destination: SyncSide,
  statePath: string,
  options: SyncBucketsOptions = {},
): Promise<SyncBucketsSummary> {
  const { compare = "checksum", deletes = false, filter = noText, backupPrefix } = options;
  const { signal = new AbortController().signal } = options;
  refuseOverlap(source, destination);
  // Each object under way listens to it.
  setMaxListeners(0, signal);
  const state = new SyncState(statePath);
  try {
    const rules = { compare, deletes, filter, backupPrefix };
    const job: Job = { source: nameOf(source), destination: nameOf(destination), ...rules };
    const isResumed = state.begin(job, options.restarts === true);
    const work: Work = {
      source,
      destination,
      state,
      room: new ByteRoom(slotLimits.memoryBytes),
      signal,
      keepsMetadata: options.keepsMetadata ?? true,
      storageClass: options.storageClass,
      backupPrefix,
      isDry: options.isDry === true,
      isResumed,
      onNotice: options.onNotice ?? (() => {}),
    };
    const failed = await run(work, options);
    state.finish();
    return { ...state.counts, failed, isResumed };
  } catch (thrown) {
    // A plan that is refused is made anew by the next run: nothing but deletions is left of it.
    if (state.phase === "deleting" && isSyncError(thrown, "LIMIT")) state.finish();
    throw thrown;
  } finally {
    state.close();
  }

  async function run(work: Work, options: SyncBucketsOptions): Promise<number> {
    const { isLeftOut = () => false, slots = new Slots() } = options;
    if (state.phase === "listing") {
      await listSides(
        source,
        destination,
        state,
        { compare, deletes, isLeftOut, isSpared: isBackupOf(destination, backupPrefix) },
        options,
      );
      state.enter("copying");
    }
    let failedCount = 0;
    if (state.phase === "copying") {
      const failures = await copyTasks(work, slots, options);
      failedCount = failures.size;
      if (failedCount > 0 && options.deletesAfterFailures !== true) return failedCount;
      if (!work.isDry) state.enter("deleting");
    }
    guardDeletions(state.left("deletions").count, state.counts.sourceObjects, guardsOf(options));
    return failedCount + (await deleteTasks(work, options));
  }
}

/** Tells which keys of a destination, without its prefix, are backups. */
export function isBackupOf({ prefix }: SyncSide, backupPrefix: string | undefined): (key: string) => boolean {
  return (key) => backupPrefix !== undefined && (prefix + key).startsWith(backupPrefix);
}

/** What keeps a run from deleting much, unless told otherwise. */
export function guardsOf({ maxDeletedCount, allowsEmptySource }: Partial<DeletionGuards>): DeletionGuards {
  return {
    maxDeletedCount: maxDeletedCount ?? deletionLimits.usualDeletionCount,
    allowsEmptySource: allowsEmptySource === true,
  };
}

/** @throws USAGE when one side holds the other, so that each run would find what it has made */
export function refuseOverlap(source: SyncSide, destination: SyncSide): void {
  const [from, to] = [source, destination].map((side) => `${nameOf(side).replace(/\/$/, "")}/`) as [
    string,
    string,
  ];
  const isInside = from.startsWith(to) || to.startsWith(from);
  if (isInside) throw new SyncError("USAGE", "one side holds the other, or is the same");
}
