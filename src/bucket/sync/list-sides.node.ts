import { Draw } from "../draw.ts";
import type { ListedObject } from "../object-bucket.ts";
import { seededRandom } from "../random.ts";
import { compareListed } from "./compare-listed.ts";
import type { SyncEvents } from "./events.ts";
import type { Comparison, SyncSide } from "./job.ts";
import { type KeyPair, mergeListings } from "./merge-listings.ts";
import { noCounts, type Counts, type Task } from "./records.ts";
import { type SyncState } from "./state.node.ts";

/** Objects of the source that are drawn while it is listed, so that a check needs no listing. */
export const drawLimits = Object.freeze({ drawnObjectCount: 500 });

/** What decides over a plan. */
export interface PlanRules {
  readonly compare: Comparison;
  readonly deletes: boolean;
  /** True for keys that are neither copied nor deleted. */
  readonly isLeftOut: (key: string) => boolean;
  /** True for keys of the destination that are not deleted. */
  readonly isSpared: (key: string) => boolean;
}

type Changing = { -readonly [Name in keyof Counts]: number };

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

  function decide({ key, source: here, destination: there }: KeyPair, counts: Changing): Task | undefined {
    if (there && there.isImplied !== true) counts.destinationObjects++;
    if (rules.isLeftOut(key)) return undefined;
    if (!here) return there ? deletionOf(key, there, rules) : undefined;
    if (here.isImplied === true) return undefined;
    counts.sourceObjects++;
    counts.sourceBytes += here.sizeBytes;
    const likeness = there ? compareListed(here, there, rules.compare) : "different";
    if (likeness === "equal" || (there && isKnown(key, here, there))) return void counts.equal++;
    return {
      key,
      action: likeness === "unknown" ? "ask" : "copy",
      sizeBytes: here.sizeBytes,
      etag: here.etag,
      mark: here.mark,
      replaces: there?.mark ?? null,
    };
  }

  function isKnown(key: string, here: ListedObject, there: ListedObject): boolean {
    const isAsked = rules.compare === "checksum" && here.sizeBytes === there.sizeBytes;
    return isAsked && state.isKnown({ key, sourceMark: here.mark, destinationMark: there.mark });
  }

  for await (const page of mergeListings(source, destination, state.cursor, signal)) {
    signal?.throwIfAborted();
    const counts: Changing = { ...noCounts };
    let hasDrawn = false;
    const tasks = page.flatMap((pair) => {
      if (pair.key === "") return [];
      const size = counts.sourceObjects;
      const task = decide(pair, counts);
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

/** Directories on disk go when they hold nothing any more, by themselves. */
function deletionOf(key: string, there: ListedObject, rules: PlanRules): Task | undefined {
  if (!rules.deletes || there.isImplied === true || rules.isSpared(key)) return undefined;
  const { sizeBytes, mark, etag } = there;
  return { key, action: "delete", sizeBytes, etag, mark, replaces: null };
}
