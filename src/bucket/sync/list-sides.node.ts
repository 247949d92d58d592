import { Draw } from "../draw.ts";
import { seededRandom } from "../random.ts";
import type { SyncEvents } from "./events.ts";
import { type ChangingCounts, decidePair, type PlanRules } from "./decide-pair.ts";
import type { SyncSide } from "./job.ts";
import { listRanges, type UnlistedKeys } from "./list-ranges.ts";
import type { KeyPair } from "./merge-listings.ts";
import { noCounts, type Task } from "./records.ts";
import { type SyncState } from "./state.node.ts";

/** Objects of the source that are drawn while it is listed, so that a check needs no listing. */
export const drawLimits = Object.freeze({ drawnObjectCount: 500 });

/** How much of a listing waits to be recorded: what does is listed again after a kill. */
export const listingRecordLimits = Object.freeze({ listedMs: 1000, listedTaskCount: 5000 });

/**
 * Lists both sides, and records what is to be done, now and then, with what is not listed yet, so
 * that a listing that ended goes on from there.
 */
export async function listSides(
  source: SyncSide,
  destination: SyncSide,
  state: SyncState,
  rules: PlanRules,
  { onProgress, signal }: SyncEvents & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const known = state.drawn().map(({ key, sizeBytes, priority }) => ({ item: { key, sizeBytes }, priority }));
  const random = seededRandom(`${state.startedMs} ${state.counts.sourceObjects}`);
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
    const { tasks, counts, left, hasDrawn } = found;
    if (left === undefined) return;
    state.transaction(() => {
      for (const task of tasks) state.addTask(task);
      if (hasDrawn) state.setDrawn(draw.drawn.map(({ item, priority }) => ({ ...item, priority })));
      state.add(counts);
      state.setUnlisted(left());
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

  function onPage(pairs: readonly KeyPair[]): void {
    for (const pair of pairs) if (pair.key !== "") look(pair);
  }

  function onStep(left: () => readonly UnlistedKeys[]): void {
    found.left = left;
    const doneObjects = recorded.sourceObjects + found.counts.sourceObjects;
    const doneBytes = recorded.sourceBytes + found.counts.sourceBytes;
    onProgress?.({ phase: "listing", doneObjects, doneBytes, copiedBytes: 0 });
    const isDue = performance.now() - recordedMs >= listingRecordLimits.listedMs;
    if (isDue || found.tasks.length >= listingRecordLimits.listedTaskCount) record();
  }

  try {
    await listRanges(source, destination, state.unlisted, { onPage, onStep, signal });
  } finally {
    // Also when the listing ends early: what is listed need not be listed again.
    record();
  }
}

/** What was found and is not recorded. */
interface Findings {
  readonly tasks: Task[];
  readonly counts: ChangingCounts;
  /** Tells what is not listed yet; undefined when nothing was since then. */
  left: (() => readonly UnlistedKeys[]) | undefined;
  hasDrawn: boolean;
}

function newFindings(): Findings {
  return { tasks: [], counts: { ...noCounts }, left: undefined, hasDrawn: false };
}
