import { Draw } from "../draw.ts";
import { seededRandom } from "../random.ts";
import type { SyncEvents } from "./events.ts";
import { type ChangingCounts, decidePair, type PlanRules } from "./decide-pair.ts";
import type { SyncSide } from "./job.ts";
import { mergeListings } from "./merge-listings.ts";
import { noCounts } from "./records.ts";
import { type SyncState } from "./state.node.ts";

/** Objects of the source that are drawn while it is listed, so that a check needs no listing. */
export const drawLimits = Object.freeze({ drawnObjectCount: 500 });

/**
 * Lists both sides, and records what is to be done: page by page, with the key up to which that
 * is complete, so that a listing that ended goes on from there.
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

  for await (const page of mergeListings(source, destination, cursorRange(state), signal)) {
    signal?.throwIfAborted();
    const counts: ChangingCounts = { ...noCounts };
    let hasDrawn = false;
    const tasks = page.flatMap((pair) => {
      if (pair.key === "") return [];
      const size = counts.sourceObjects;
      const task = decidePair(pair, rules, state, counts);
      if (counts.sourceObjects > size && !pair.key.endsWith("/"))
        hasDrawn = draw.offer({ key: pair.key, sizeBytes: pair.source!.sizeBytes }) || hasDrawn;
      return task ? [task] : [];
    });
    state.transaction(() => {
      for (const task of tasks) state.addTask(task);
      if (hasDrawn) state.setDrawn(draw.drawn.map(({ item, priority }) => ({ ...item, priority })));
      state.add(counts);
      state.setCursor(page.at(-1)!.key);
    });
    const { sourceObjects, sourceBytes } = state.counts;
    onProgress?.({ phase: "listing", doneObjects: sourceObjects, doneBytes: sourceBytes, copiedBytes: 0 });
  }
}

function cursorRange({ cursor }: SyncState): { readonly after?: string } {
  return cursor === undefined ? {} : { after: cursor };
}
