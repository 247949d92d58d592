import { Draw } from "../draw.ts";
import { seededRandom } from "../random.ts";
import type { SyncEvents } from "./events.ts";
import { type ChangingCounts, decidePair, type PlanRules } from "./decide-pair.ts";
import type { SyncSide } from "./job.ts";
import { type KeyPair, mergeListings } from "./merge-listings.ts";
import { noCounts, type Task } from "./records.ts";
import { type SyncState } from "./state.node.ts";

/** Objects of the source that are drawn while it is listed, so that a check needs no listing. */
export const drawLimits = Object.freeze({ drawnObjectCount: 500 });

/** How much of a listing waits to be recorded: what does is listed again after a kill. */
export const listingRecordLimits = Object.freeze({ listedMs: 1000, listedTaskCount: 5000 });

/**
 * Lists both sides, and records what is to be done, now and then, with the key up to which that is
 * complete, so that a listing that ended goes on from there.
 */
export async function listSides(
  source: SyncSide,
  destination: SyncSide,
  state: SyncState,
  rules: PlanRules,
  { onProgress, signal }: SyncEvents & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const known = state.drawn().map(({ key, sizeBytes, priority }) => ({ item: { key, sizeBytes }, priority }));
  const random = seededRandom(`${state.startedMs} ${state.cursor ?? ""}`);
  const draw = new Draw<{ readonly key: string; readonly sizeBytes: number }>(
    drawLimits.drawnObjectCount,
    random,
    known,
  );

  let found = newFindings();
  let recorded = state.counts;
  let recordedMs = performance.now();

  /** Records what was found since it was done last: a commit waits for the disk. */
  function record(): void {
    const { tasks, counts, cursor, hasDrawn } = found;
    if (cursor === undefined) return;
    state.transaction(() => {
      for (const task of tasks) state.addTask(task);
      if (hasDrawn) state.setDrawn(draw.drawn.map(({ item, priority }) => ({ ...item, priority })));
      state.add(counts);
      state.setCursor(cursor);
    });
    found = newFindings();
    recorded = state.counts;
    recordedMs = performance.now();
  }

  function look(pair: KeyPair): void {
    const { counts, tasks } = found;
    const before = counts.sourceObjects;
    const task = decidePair(pair, rules, state, counts);
    if (task) tasks.push(task);
    if (counts.sourceObjects === before || pair.key.endsWith("/")) return;
    const { key, source } = pair;
    // A part of a text would keep all of its page in memory.
    const make = () => ({ key: Buffer.from(key).toString(), sizeBytes: source!.sizeBytes });
    found.hasDrawn = draw.offer(make) || found.hasDrawn;
  }

  try {
    for await (const page of mergeListings(source, destination, cursorRange(state), signal)) {
      signal?.throwIfAborted();
      for (const pair of page) if (pair.key !== "") look(pair);
      found.cursor = page.at(-1)!.key;
      const doneObjects = recorded.sourceObjects + found.counts.sourceObjects;
      const doneBytes = recorded.sourceBytes + found.counts.sourceBytes;
      onProgress?.({ phase: "listing", doneObjects, doneBytes, copiedBytes: 0 });
      const isDue = performance.now() - recordedMs >= listingRecordLimits.listedMs;
      if (isDue || found.tasks.length >= listingRecordLimits.listedTaskCount) record();
    }
  } finally {
    // Also when the listing ends early: what is listed need not be listed again.
    record();
  }
}

/** What was found and is not recorded. */
interface Findings {
  readonly tasks: Task[];
  readonly counts: ChangingCounts;
  cursor: string | undefined;
  hasDrawn: boolean;
}

function newFindings(): Findings {
  return { tasks: [], counts: { ...noCounts }, cursor: undefined, hasDrawn: false };
}

function cursorRange({ cursor }: SyncState): { readonly after?: string } {
  return cursor === undefined ? {} : { after: cursor };
}
