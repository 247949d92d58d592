import type { Lease } from "../../coordinator/lease.ts";

/** Bounds of what waits to be settled. */
export const stepLimits = Object.freeze({
  /** Objects that are done, or under way, behind one that takes its time. */
  openStepCount: 10_000,
  /** Ranges of shared work that one process has at a time. */
  sharedRangeCount: 4,
});

type CountsOf = Readonly<Record<string, number>>;

/** What lies between two positions, and what it gave. */
interface Step {
  readonly upTo: string;
  readonly isLater: boolean;
  counts: CountsOf | undefined;
}

/**
 * Settles work in the order of its positions, though it ends in any: none waits for another, and
 * what the lease knows is done up to a position is all done.
 */
export class SettledSteps {
  readonly #lease: Lease;
  readonly #open: Step[] = [];
  #go: (() => void) | undefined;
  #isStopped = false;

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /** Adds a step of which nothing is left to do. */
  end(upTo: string, counts: CountsOf, isLater: boolean): void {
    this.#open.push({ upTo, counts, isLater });
    this.#settle();
  }

  /** Begins a step. @returns what ends it */
  begin(upTo: string, isLater: boolean): (counts: CountsOf) => void {
    const step: Step = { upTo, isLater, counts: undefined };
    this.#open.push(step);
    return (counts) => {
      step.counts = counts;
      this.#settle();
    };
  }

  /** A step has failed, and those behind it will not be settled: nobody waits for that. */
  stop(): void {
    this.#isStopped = true;
    this.#go?.();
  }

  /** Waits until one more step may begin, or all have been stopped. */
  async room(): Promise<void> {
    while (this.#open.length >= stepLimits.openStepCount && !this.#isStopped)
      await new Promise<void>((resolve) => (this.#go = resolve));
  }

  #settle(): void {
    let doneCount = 0;
    for (; this.#open[doneCount]?.counts !== undefined; doneCount++) {
      const { upTo, counts, isLater } = this.#open[doneCount]!;
      this.#lease.settle(upTo, counts!, isLater);
    }
    this.#open.splice(0, doneCount);
    this.#go?.();
  }
}
