import { toSyncError } from "../errors.ts";
import type { Job, JobSpec, LogEntry } from "./job.ts";
import type { JobChange, JobStore } from "./job-store.node.ts";
import { nextTime } from "./schedule.ts";

/** What is done about jobs that are due. */
interface DueActions {
  /** Takes a job that another one makes. */
  add(owner: string, spec: JobSpec, origin: number): Job;
  change(id: number, change: JobChange): void;
  /** Writes a line into the log of a job. */
  note(id: number, line: LogEntry): void;
}

/** Makes jobs of those that have a schedule, when their times come. */
export class DueJobs {
  readonly #store: JobStore;
  readonly #actions: DueActions;
  /** What the clock said when it was last looked at. */
  #seenMs = Number.POSITIVE_INFINITY;

  constructor(store: JobStore, actions: DueActions) {
    this.#store = store;
    this.#actions = actions;
  }

  /** How long until the next time comes. */
  waitMs(nowMs: number): number {
    const [first] = this.#store.scheduled();
    return first ? Math.max(0, first.nextMs! - nowMs) : Number.POSITIVE_INFINITY;
  }

  /**
   * Makes the jobs that are due. After a jump of the clock each comes once; one back leaves times
   * that are too far away.
   */
  make(nowMs: number): void {
    if (nowMs < this.#seenMs) {
      for (const { id, spec, nextMs } of this.#store.scheduled()) {
        const soonestMs = nextTime(spec.schedule!, nowMs);
        if (soonestMs < nextMs!) this.#actions.change(id, { nextMs: soonestMs });
      }
    }
    this.#seenMs = nowMs;
    for (const job of this.#store.scheduled(nowMs)) this.#makeOne(job, nowMs);
  }

  #makeOne({ id, owner, spec }: Job, nowMs: number): void {
    const { schedule, ...once } = spec;
    this.#actions.change(id, { nextMs: nextTime(schedule!, nowMs) });
    if (this.#store.hasOpen(id))
      return this.#actions.note(id, { level: "warning", text: "left out: the job before it is not over" });
    try {
      const made = this.#actions.add(owner, once, id);
      this.#actions.note(id, { level: "info", text: `made job ${made.id}` });
    } catch (thrown) {
      const { code, message } = toSyncError(thrown);
      this.#actions.note(id, { level: "error", text: message, code });
    }
  }
}
