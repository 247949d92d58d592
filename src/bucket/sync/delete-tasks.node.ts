import { undeleted } from "../failed-deletion.ts";
import { isSyncError, SyncError, toSyncError, withPath } from "../../errors.ts";
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
  /** Objects that are looked at anew at a time, when the listings may be old. */
  looksAtOnce: 32,
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
  count: number,
  sourceObjects: number,
  { maxDeletedCount, allowsEmptySource }: DeletionGuards,
): void {
  if (count === 0) return;
  const what = count === 1 ? "one object" : `${count} objects`;
  if (sourceObjects === 0 && !allowsEmptySource)
    throw new SyncError(
      "LIMIT",
      `nothing is in the source, so ${what} ${count === 1 ? "is" : "are"} not deleted; --allow-empty-source`,
    );
  if (count > maxDeletedCount)
    throw new SyncError("LIMIT", `${what} would be deleted, so none is; --max-delete`, {
      detail: { limit: maxDeletedCount, actual: count },
    });
}

/** Deletes what the source does not have. @returns how many objects stay that should have gone */
export async function deleteTasks(work: Work, events: SyncEvents): Promise<number> {
  const { source, destination, state, signal } = work;
  const total = state.left("deletions").count;
  let [failedCount, doneCount] = [0, 0];
  for (let after: string | undefined; ;) {
    const listed = state.tasks("deletions", after, deletionLimits.deletionsAtOnce);
    after = listed.at(-1)?.key;
    if (after === undefined) return failedCount;
    const tasks = work.isResumed && !work.isDry ? await stillExtra(listed) : listed;
    const failed = work.isDry ? new Map<string, SyncError>() : await deleteNow(tasks, work);
    for (const [path, error] of failed) events.onTrouble?.(undeleted("it", path, error));
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

  /**
   * Those that the source still lacks, and nobody has changed since. The others are forgotten, and
   * found by the next listing; of those that cannot be looked at it is told.
   */
  async function stillExtra(tasks: readonly Task[]): Promise<readonly Task[]> {
    const extra = new Set<Task>();
    for (let at = 0; at < tasks.length; at += deletionLimits.looksAtOnce) {
      const some = tasks.slice(at, at + deletionLimits.looksAtOnce);
      await Promise.all(some.map(async (task) => (await isStillExtra(task)) && extra.add(task)));
    }
    state.transaction(() => {
      for (const task of tasks) if (!extra.has(task)) state.removeTask(task.key);
    });
    return tasks.filter((task) => extra.has(task));
  }

  async function isStillExtra({ key, mark }: Task): Promise<boolean> {
    try {
      const [here, there] = await Promise.all([
        source.bucket.head(source.prefix + key, { signal }).catch(unlessImpossible),
        destination.bucket.head(destination.prefix + key, { signal }),
      ]);
      return here === undefined && (there === undefined || there.mark === mark);
    } catch (thrown) {
      signal.throwIfAborted();
      failedCount++;
      events.onTrouble?.(withPath(toSyncError(thrown), key));
      return false;
    }
  }

  function record(gone: readonly Task[]): void {
    for (const { key } of gone) {
      state.removeTask(key);
      state.forget(key);
    }
    state.add({ deleted: gone.length });
  }
}

/** Deletes objects, and keeps them elsewhere first when that is asked. @returns why some stay */
export async function deleteNow(tasks: readonly Task[], work: Work): Promise<ReadonlyMap<string, SyncError>> {
  const { destination, signal } = work;
  if (work.backupPrefix !== undefined) for (const { key } of tasks) await keepOld(key, work);
  const keys = tasks.map(({ key }) => destination.prefix + key);
  const failed = await destination.bucket.deleteMany(keys, { signal });
  return new Map(failed.map(({ key, error }) => [key.slice(destination.prefix.length), error]));
}

/** A key that a side cannot have is not there. */
function unlessImpossible(thrown: unknown): undefined {
  if (!isSyncError(thrown, "PATH")) throw thrown;
}
