import type { Job, JobState } from "../../jobs/job.ts";

/** States in words. */
export const stateTexts: Readonly<Record<JobState, string>> = {
  scheduled: "Scheduled",
  queued: "Waiting",
  running: "Running",
  aborting: "Ending",
  done: "Done",
  partial: "Done in part",
  failed: "Failed",
  aborted: "Aborted",
};

/** What a job is called. */
export function titleOf({ id, spec }: Job): string {
  const name = spec.title ?? `Job ${id}`;
  return spec.preview === true ? `Preview: ${name}` : name;
}

/** Where it goes. */
export function wayOf({ spec }: Job): string {
  return `${spec.from} → ${spec.to}`;
}

/** A time of day, with its date where that is another one. */
export function timeText(ms: number): string {
  const time = new Date(ms);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString() : time.toLocaleString();
}

/** A stretch of time, in its two largest units. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** How much of a job is done; undefined where that is not known. */
export function shareOf({ state, progress }: Job): number | undefined {
  if (state === "done") return 1;
  if (progress?.totalBytes === undefined) return undefined;
  return progress.totalBytes === 0 ? 1 : Math.min(1, progress.doneBytes / progress.totalBytes);
}
