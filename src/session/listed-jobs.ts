import type { Job } from "./job.ts";
import { Queue } from "./queue.ts";
import type { SenderTotals } from "./sender-action.ts";

/** Files whose lists are complete, until their content is sent too. */
export class ListedJobs<File> {
  readonly #jobs = new Queue<{ readonly job: Job<File>; readonly bytes: number }>();

  readonly #removed = new Set<Job<File>>();

  /** Adds a file, and how many bytes were listed of it. */
  add(job: Job<File>, bytes: number): void {
    this.#jobs.push({ job, bytes });
  }

  /** A file that was added is not complete after all: it is added again later. */
  remove(job: Job<File>): void {
    this.#removed.add(job);
  }

  /** Books files that are finished. One that waits behind another is booked with it. */
  book(totals: SenderTotals): void {
    while (this.#jobs.peek()?.job.open === 0) {
      const { job, bytes } = this.#jobs.take();
      if (this.#removed.delete(job)) continue;
      totals.finishedFiles += 1;
      totals.finishedBytes += bytes;
    }
  }
}
