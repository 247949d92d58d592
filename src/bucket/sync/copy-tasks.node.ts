import { isPassing } from "../../bytes/retry.ts";
import { isSyncError, type SyncError } from "../../errors.ts";
import { copyObject } from "./copy-object.node.ts";
import type { SyncEvents } from "./events.ts";
import { Breaker, type Slots } from "./slots.ts";
import { type Counts, noCounts, type Task } from "./records.ts";
import type { Outcome, Work } from "./work.node.ts";

/** How tasks are gone through. */
export const taskLimits = Object.freeze({
  /** Tasks that are read from the state at a time. */
  tasksAtOnce: 1000,
  /** Outcomes that wait to be recorded together. */
  outcomesAtOnce: 200,
  /** Milliseconds after which they are recorded all the same. */
  recordMs: 1000,
  /** Times that all tasks are gone through of which some failed by what may pass. */
  roundCount: 2,
});

type Ended = { readonly task: Task; readonly outcome: Outcome };

/**
 * Copies all that is to be copied, many at a time, and records what is done. What fails stays
 * recorded for the next run.
 *
 * @returns the failures, one for each object
 */
export async function copyTasks(
  work: Work,
  slots: Slots,
  events: SyncEvents,
): Promise<ReadonlyMap<string, SyncError>> {
  const { state } = work;
  const before = state.counts;
  const left = state.left("copies");
  const totalBytes = left.bytes + before.copiedBytes;
  const totalObjects = left.count + before.copied + before.vanished;
  const breaker = new Breaker();
  const failures = new Map<string, SyncError>();
  let waiting: Ended[] = [];
  let recordedMs = performance.now();
  let [doneBytes, doneObjects, copiedBytes] = [
    before.copiedBytes,
    totalObjects - left.count,
    before.copiedBytes,
  ];

  function end(ended: Ended): void {
    const { task, outcome } = ended;
    if (outcome.type === "failed") return fail(task, outcome.error);
    breaker.succeeded();
    failures.delete(task.key);
    waiting.push(ended);
    doneObjects++;
    doneBytes += task.sizeBytes;
    if (outcome.type === "copied") {
      copiedBytes += outcome.bytes;
      const change = task.replaces === null ? "new" : "changed";
      events.onChange?.({ change, key: task.key, sizeBytes: outcome.bytes });
    }
    events.onProgress?.({
      phase: "copying",
      doneObjects,
      doneBytes,
      totalObjects,
      totalBytes,
      copiedBytes,
      key: task.key,
    });
    const isDue =
      waiting.length >= taskLimits.outcomesAtOnce || performance.now() - recordedMs > taskLimits.recordMs;
    if (isDue) record();
  }

  function fail(task: Task, error: SyncError): void {
    failures.set(task.key, error);
    breaker.failed(error);
  }

  function record(): void {
    if (!work.isDry) state.transaction(() => recordAll(work, waiting));
    waiting = [];
    recordedMs = performance.now();
  }

  try {
    for (let round = 1; round <= taskLimits.roundCount; round++) {
      if (round > 1 && ![...failures.values()].some(isPassing)) break;
      await goThrough(work, slots, round === 1 ? undefined : new Set(failures.keys()), end);
      record();
    }
  } finally {
    // Also when the run is stopped: what is done need not be done again.
    if (waiting.length > 0) record();
  }
  for (const error of failures.values()) events.onTrouble?.(error);
  return failures;
}

/** Goes through the tasks, or some of them; none waits for another. */
async function goThrough(
  work: Work,
  slots: Slots,
  only: ReadonlySet<string> | undefined,
  end: (ended: Ended) => void,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let stopped: { readonly thrown: unknown } | undefined;

  async function run(task: Task): Promise<void> {
    let succeeded = false;
    try {
      const outcome = await copyObject(task, work);
      succeeded = outcome.type !== "failed";
      if (!stopped) end({ task, outcome });
    } catch (thrown) {
      stopped ??= { thrown };
    } finally {
      slots.give(succeeded);
    }
  }

  for (let after: string | undefined; !stopped;) {
    const tasks = work.state.tasks("copies", after, taskLimits.tasksAtOnce);
    for (const task of tasks) {
      if (only && !only.has(task.key)) continue;
      await slots.take();
      if (stopped) {
        slots.give(false);
        break;
      }
      const one = run(task).finally(() => running.delete(one));
      running.add(one);
    }
    after = tasks.at(-1)?.key;
    if (after === undefined) break;
  }
  await Promise.all(running);
  if (stopped) throw isSyncError(stopped.thrown, "ABORTED") ? work.signal.reason : stopped.thrown;
}

function recordAll({ state }: Work, all: readonly Ended[]): void {
  const counts: { -readonly [Name in keyof Counts]: number } = { ...noCounts };
  for (const { task, outcome } of all) {
    state.removeTask(task.key);
    if (outcome.type === "vanished") counts.vanished++;
    if (outcome.type === "equal") counts.equal++;
    if (outcome.type === "copied") {
      counts.copied++;
      counts.copiedBytes += outcome.bytes;
    }
    if (outcome.type === "copied" || outcome.type === "equal") state.know({ key: task.key, ...outcome });
  }
  state.add(counts);
}
