import type { Lease } from "../../coordinator/lease.ts";
import { copyObject } from "../sync/copy-object.node.ts";
import { decidePair, type PlanRules } from "../sync/decide-pair.ts";
import type { SyncEvents } from "../sync/events.ts";
import { mergeListings } from "../sync/merge-listings.ts";
import { noCounts, type Task } from "../sync/records.ts";
import type { Breaker, Slots } from "../sync/slots.ts";
import type { Outcome, Work } from "../sync/work.node.ts";
import { OutcomeMemory } from "./outcome-memory.node.ts";
import { SettledSteps } from "./settled-steps.ts";

/** What the ranges of one process have in common. */
export interface RangeTools {
  readonly work: Work;
  readonly rules: PlanRules;
  readonly slots: Slots;
  readonly breaker: Breaker;
  readonly events: SyncEvents;
  /** Called when something was seen or done. */
  readonly onStep: (key: string) => void;
}

/** What was counted on the way to a key. */
type Seen = Record<string, number>;

/** The range of a lease as listings take it. */
export function rangeOf({ after, upTo }: Lease): { readonly after?: string; readonly upTo?: string } {
  return { ...(after !== undefined && { after }), ...(upTo !== undefined && { upTo }) };
}

/**
 * Lists a range of both sides, and copies what is to be copied, many objects at a time. Ranges in
 * which there is something to delete are left to the next phase, which lists them anew.
 */
export async function copyRange(lease: Lease, tools: RangeTools): Promise<void> {
  const { rules, slots } = tools;
  const work: Work = { ...tools.work, signal: lease.signal };
  const steps = new SettledSteps(lease);
  const memory = new OutcomeMemory(work.state);
  const running = new Set<Promise<void>>();
  let failure: { readonly thrown: unknown } | undefined;
  let counts = { ...noCounts, extra: 0 };
  let [seenKey, steppedKey]: [string | undefined, string | undefined] = [undefined, undefined];

  function takeCounts(upTo: string): Seen {
    const seen = counts;
    counts = { ...noCounts, extra: 0 };
    steppedKey = upTo;
    return seen;
  }

  async function run(task: Task, seen: Seen, end: (seen: Seen) => void): Promise<void> {
    let outcome: Outcome | undefined;
    try {
      outcome = await copyObject(task, work);
      lease.signal.throwIfAborted();
      tell(task, outcome, seen, tools);
      memory.add(task.key, outcome);
      tools.onStep(task.key);
      end(seen);
    } catch (thrown) {
      failure ??= { thrown };
      steps.stop();
    } finally {
      slots.give(outcome !== undefined && outcome.type !== "failed");
    }
  }

  async function begin(task: Task): Promise<void> {
    await steps.room();
    await slots.take();
    const seen: Seen = takeCounts(task.key);
    const one = run(task, seen, steps.begin(task.key, seen["extra"]! > 0)).finally(() => running.delete(one));
    running.add(one);
  }

  async function goThrough(): Promise<void> {
    for await (const page of mergeListings(work.source, work.destination, rangeOf(lease), lease.signal)) {
      for (const pair of page) {
        if (failure || !lease.begin(pair.key)) return;
        const task = pair.key === "" ? undefined : decidePair(pair, rules, work.state, counts);
        seenKey = pair.key;
        if (task?.action === "delete") counts.extra++;
        else if (task) await begin(task);
      }
      endStep();
    }
  }

  function endStep(): void {
    if (seenKey === undefined || seenKey === steppedKey) return;
    const seen = takeCounts(seenKey);
    steps.end(seenKey, seen, seen["extra"]! > 0);
    tools.onStep(seenKey);
  }

  try {
    await goThrough();
  } catch (thrown) {
    failure ??= { thrown };
  }
  await Promise.all(running);
  endStep();
  memory.flush();
  if (failure) throw failure.thrown;
  lease.signal.throwIfAborted();
}

/** Counts what became of an object, and tells it. @throws the failure after too many in a row */
function tell(task: Task, outcome: Outcome, seen: Seen, { breaker, events }: RangeTools): void {
  if (outcome.type === "failed") {
    seen["failed"] = 1;
    events.onTrouble?.(outcome.error);
    return breaker.failed(outcome.error);
  }
  breaker.succeeded();
  seen[outcome.type] = (seen[outcome.type] ?? 0) + 1;
  if (outcome.type !== "copied") return;
  seen["copiedBytes"] = outcome.bytes;
  const change = task.replaces === null ? "new" : "changed";
  events.onChange?.({ change, key: task.key, sizeBytes: outcome.bytes });
}
