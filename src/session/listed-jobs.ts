import type { Job } from "./job.ts";
import { Queue } from "./queue.ts";
import type { SenderTotals } from "./sender-action.ts";

/** Files whose lists are complete, until their content is sent too. */
export class ListedJobs<File> {
  readonly #jobs = new Queue<{ readonly job: Job<File>; readonly bytes: number }>();

  /** Adds a file, and how many bytes were listed of it. */
  add(job: Job<File>, bytes: number): void {
    this.#jobs.push({ job, bytes });
  }

  /** Books files that are finished. One that waits behind another is booked with it. */
  book(totals: SenderTotals): void {
    while (this.#jobs.peek()?.job.open === 0) {
      totals.finishedFiles += 1;
      totals.finishedBytes += this.#jobs.take().bytes;
    }
  }
}
