import { SyncError } from "../../errors.ts";
import { keepOld } from "./copy-object.node.ts";
import type { SyncEvents } from "./events.ts";
import type { Task } from "./records.ts";
import type { Work } from "./work.node.ts";

/** How objects are deleted. */
export const deletionLimits = Object.freeze({
  /** Objects that are deleted by one request. */
  deletionsAtOnce: 1000,
  /** Objects that a run deletes at most, unless told otherwise. */
  usualDeletionCount: 1000,
});

/** What keeps a mistake from deleting much. */
export interface DeletionGuards {
  readonly maxDeletedCount: number;
  readonly allowsEmptySource: boolean;
}

/**
 * Checks that what both listings say may be deleted is not a mistake.
 *
 * @throws SKIPPED when the source has nothing, LIMIT for more deletions than are allowed
 */
export function guardDeletions(
  { state }: Work,
  { maxDeletedCount, allowsEmptySource }: DeletionGuards,
): void {
  const { count } = state.left("deletions");
  if (count === 0) return;
  if (state.counts.sourceObjects === 0 && !allowsEmptySource)
    throw new SyncError(
      "LIMIT",
      `nothing is in the source, so ${count} objects are not deleted; --allow-empty-source`,
    );
  if (count > maxDeletedCount)
    throw new SyncError("LIMIT", `${count} objects would be deleted, so none is; --max-delete`, {
      detail: { limit: maxDeletedCount, actual: count },
    });
}

/** Deletes what the source does not have. @returns how many objects stay that should have gone */
export async function deleteTasks(work: Work, events: SyncEvents): Promise<number> {
  const { destination, state, signal } = work;
  const total = state.left("deletions").count;
  let [failedCount, doneCount] = [0, 0];
  for (let after: string | undefined; ;) {
    const tasks = state.tasks("deletions", after, deletionLimits.deletionsAtOnce);
    after = tasks.at(-1)?.key;
    if (after === undefined) return failedCount;
    const failed = work.isDry ? new Map<string, string>() : await deleteAll(tasks);
    for (const [path, reason] of failed)
      events.onTrouble?.(new SyncError("IO", `it cannot be deleted: ${reason}`, { detail: { path } }));
    const gone = tasks.filter(({ key }) => !failed.has(key));
    failedCount += failed.size;
    doneCount += gone.length;
    if (!work.isDry) state.transaction(() => record(gone));
    for (const { key, sizeBytes } of gone) events.onChange?.({ change: "deleted", key, sizeBytes });
    const { copiedBytes } = state.counts;
    events.onProgress?.({
      phase: "deleting",
      doneObjects: doneCount,
      doneBytes: copiedBytes,
      totalObjects: total,
      copiedBytes,
    });
  }

  async function deleteAll(tasks: readonly Task[]): Promise<ReadonlyMap<string, string>> {
    if (work.backupPrefix !== undefined) for (const { key } of tasks) await keepOld(key, work);
    const keys = tasks.map(({ key }) => destination.prefix + key);
    const failed = await destination.bucket.deleteMany(keys, { signal });
    return new Map(failed.map(({ key, reason }) => [key.slice(destination.prefix.length), reason]));
  }

  function record(gone: readonly Task[]): void {
    for (const { key } of gone) {
      state.removeTask(key);
      state.forget(key);
    }
    state.add({ deleted: gone.length });
  }
}
