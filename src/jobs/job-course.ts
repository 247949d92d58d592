import type { JobProgress, Sample } from "./job.ts";
import { jobLimits } from "./job-limits.ts";

/** Where a job stood, when: as many points as fit, in steps that grow with its time. */
export class JobCourse {
  #samples: Sample[] = [[0, 0, 0, 0]];
  #stepMs = 500;

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  note(ms: number, { doneBytes, newBytes, wireBytes }: JobProgress): void {
    if (ms - this.#samples.at(-1)![0] < this.#stepMs) return;
    this.end(ms, { doneBytes, newBytes, wireBytes });
    if (this.#samples.length <= jobLimits.sampleCount) return;
    this.#samples = this.#samples.filter((_, at) => at % 2 === 0);
    this.#stepMs *= 2;
  }

  /** The last point. */
  end(
    ms: number,
    { doneBytes, newBytes, wireBytes }: Pick<JobProgress, "doneBytes" | "newBytes" | "wireBytes">,
  ): void {
    this.#samples.push([Math.round(ms), doneBytes, newBytes, wireBytes]);
  }
}
