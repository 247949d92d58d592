import type { Job } from "../../jobs/job.ts";

/** What events told of jobs, by number; undefined for one that was removed. */
export type Heard = ReadonlyMap<number, Job | undefined>;

/** One for each answer that is awaited. */
const awaited = new Set<Map<number, Job | undefined>>();

/** Notes what an event told of a job. */
export function noteHeard(id: number, job: Job | undefined): void {
  for (const heard of awaited) heard.set(id, job);
}

/**
 * Waits for an answer, and returns with it what events told meanwhile. The answer may be the older
 * one: it was made before it came.
 */
export async function withHeard<Answer>(
  answering: Promise<Answer>,
): Promise<{ readonly answer: Answer; readonly heard: Heard }> {
  const heard = new Map<number, Job | undefined>();
  awaited.add(heard);
  try {
    return { answer: await answering, heard };
  } finally {
    awaited.delete(heard);
  }
}
