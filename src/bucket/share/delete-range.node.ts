import { undeleted } from "../failed-deletion.ts";
import type { Lease } from "../../coordinator/lease.ts";
import { SyncError } from "../../errors.ts";
import { decidePair } from "../sync/decide-pair.ts";
import { deletionLimits, deleteNow } from "../sync/delete-tasks.node.ts";
import { mergeListings } from "../sync/merge-listings.ts";
import { noCounts, type Task } from "../sync/records.ts";
import type { Work } from "../sync/work.node.ts";
import { type RangeTools, rangeOf } from "./copy-range.node.ts";

/**
 * Lists a range of both sides anew, and deletes what the source does not have.
 *
 * @param mayDelete tells whether so many more may be deleted
 */
export async function deleteRange(
  lease: Lease,
  tools: RangeTools,
  mayDelete: (count: number) => boolean,
): Promise<void> {
  const work: Work = { ...tools.work, signal: lease.signal };
  const { events } = tools;

  async function deleteAll(tasks: readonly Task[]): Promise<Readonly<Record<string, number>>> {
    if (tasks.length === 0) return {};
    if (!mayDelete(tasks.length))
      throw new SyncError("CHANGED", "more is extra now than when all was listed, so it is not deleted");
    const failed = await deleteNow(tasks, work);
    for (const [path, error] of failed) events.onTrouble?.(undeleted("it", path, error));
    for (const { key, sizeBytes } of tasks)
      if (!failed.has(key)) events.onChange?.({ change: "deleted", key, sizeBytes });
    return { deleted: tasks.length - failed.size, failed: failed.size };
  }

  for await (const page of mergeListings(work.source, work.destination, rangeOf(lease), lease.signal)) {
    let tasks: Task[] = [];
    for (const pair of page) {
      if (!lease.begin(pair.key)) break;
      const task = pair.key === "" ? undefined : decidePair(pair, tools.rules, work.state, { ...noCounts });
      if (task?.action === "delete") tasks.push(task);
    }
    for (; tasks.length > 0; tasks = tasks.slice(deletionLimits.deletionsAtOnce)) {
      const some = tasks.slice(0, deletionLimits.deletionsAtOnce);
      const counts = await deleteAll(some);
      lease.settle(some.at(-1)!.key, counts);
    }
  }
}
