import type { Job, JobSpec, JobState, LogLevel, LogPage, Sample } from "../../jobs/job.ts";
import { errorOfRefusal } from "../../transport/refusal.ts";
import { readToken } from "../job.ts";

/** A job with where it stood, when. */
export type JobWithCourse = Job & { readonly course: readonly Sample[] };

/** What jobs may use, and what nobody chooses. */
export interface Description {
  readonly places: readonly string[];
  readonly fixed: Readonly<Record<string, unknown>>;
  readonly scopes: readonly string[];
}

/** Some jobs, the newest first. */
export interface JobList {
  readonly jobs: readonly Job[];
  readonly counts: Partial<Record<JobState, number>>;
}

/** Jobs that are asked for at once. */
export const listedCount = 50;

/** Lines of a log that are asked for at once. */
export const loggedCount = 500;

/** The calls of the server. Each throws what it refuses with. */
export const calls = {
  describe: () => ask<Description>("GET", "v1"),
  list: (states: string, before: number | undefined) =>
    ask<JobList>(
      "GET",
      `v1/jobs?limit=${listedCount}${states && `&state=${states}`}${before === undefined ? "" : `&before=${before}`}`,
    ),
  read: (id: number) => ask<JobWithCourse>("GET", `v1/jobs/${id}`),
  log: (id: number, terms: `${"from" | "before"}=${number}`, level: LogLevel) =>
    ask<LogPage>("GET", `v1/jobs/${id}/log?${terms}&limit=${loggedCount}&level=${level}`),
  submit: (spec: JobSpec) => ask<Job>("POST", "v1/jobs", spec),
  rerun: (id: number, changes: object) => ask<Job>("POST", `v1/jobs/${id}/rerun`, changes),
  abort: (id: number) => ask<Job>("POST", `v1/jobs/${id}/abort`, {}),
  remove: (id: number) => ask<object>("DELETE", `v1/jobs/${id}`),
};

/** What happened to jobs. */
export interface JobNews {
  /** Connected, be it anew: whatever happened meanwhile is not told. */
  readonly onConnect: () => void;
  readonly onJob: (job: Job) => void;
  readonly onRemoved: (id: number) => void;
}

/** Hears events until the connection ends; a header can have a token, which EventSource cannot. */
export async function hearEvents(
  { onConnect, onJob, onRemoved }: JobNews,
  signal: AbortSignal,
): Promise<void> {
  const response = await request("GET", "v1/events", undefined, signal);
  onConnect();
  let rest = "";
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const events = (rest + next.value).split("\n\n");
    rest = events.pop()!;
    for (const event of events) {
      const [, kind, data] = /^event: (\w+)\ndata: (.*)$/s.exec(event) ?? [];
      if (kind === "job") onJob(JSON.parse(data!) as Job);
      if (kind === "removed") onRemoved((JSON.parse(data!) as { id: number }).id);
    }
  }
}

async function ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  return (await (await request(method, path, body)).json()) as Answer;
}

async function request(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Response> {
  const token = readToken();
  const response = await fetch(new URL(`/-/jobs/${path}`, document.baseURI), {
    method,
    headers: {
      ...(token !== "" && { Authorization: `Bearer ${token}` }),
      ...(body && { "Content-Type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  if (response.ok) return response;
  throw errorOfRefusal(response.status, new Uint8Array(await response.arrayBuffer()));
}
