import { expect, it } from "vitest";
import { JobCourse } from "../../../src/jobs/job-course.ts";
import { jobLimits } from "../../../src/jobs/job-limits.ts";
import type { JobProgress } from "../../../src/jobs/job.ts";

/** Where a job stands that has done so many bytes. */
const at = (doneBytes: number) => ({ doneBytes, newBytes: 2, wireBytes: 3 }) as JobProgress;

it("has the time of each point, what was done, what of it was new and what travelled", () => {
  const course = new JobCourse();
  course.note(499, at(1)); // too soon behind the last point
  course.note(500.4, at(10));
  course.end(600, at(11));
  expect(course.samples).toEqual([
    [0, 0, 0, 0],
    [500, 10, 2, 3],
    [600, 11, 2, 3],
  ]);
});

it("keeps no more points than it may, over all of its time", () => {
  const course = new JobCourse();
  for (let ms = 0; ms < 4_000_000; ms += 500) course.note(ms, at(ms));
  expect(course.samples.length).toBeLessThanOrEqual(jobLimits.sampleCount + 1);
  expect(course.samples.length).toBeGreaterThan(jobLimits.sampleCount / 4);
  expect(course.samples.at(-1)![0]).toBeGreaterThan(3_900_000);
});
