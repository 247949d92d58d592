/** The calls of the jobs; `docs/jobs.openapi.json` describes each. */

/** Where all of them are. */
export const jobsPrefix = "/-/jobs/";

/** A call: what it is asked by, and what it is named. */
export interface JobRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below `jobsPrefix`; `{id}` stands for the number of a job. */
  readonly path: string;
  readonly name: JobCall;
}

/** The names of the calls. */
export type JobCall =
  "describe" | "list" | "submit" | "read" | "remove" | "readLog" | "abort" | "rerun" | "events";

/** All calls. */
export const jobRoutes: readonly JobRoute[] = [
  { method: "GET", path: "v1", name: "describe" },
  { method: "GET", path: "v1/events", name: "events" },
  { method: "GET", path: "v1/jobs", name: "list" },
  { method: "POST", path: "v1/jobs", name: "submit" },
  { method: "GET", path: "v1/jobs/{id}", name: "read" },
  { method: "DELETE", path: "v1/jobs/{id}", name: "remove" },
  { method: "GET", path: "v1/jobs/{id}/log", name: "readLog" },
  { method: "POST", path: "v1/jobs/{id}/abort", name: "abort" },
  { method: "POST", path: "v1/jobs/{id}/rerun", name: "rerun" },
];

/** What a request is about. */
export interface JobRequest {
  readonly name: JobCall;
  /** Of the job, where the path names one. */
  readonly id: number;
}

/** Finds the call; undefined where there is none. */
export function findJobRoute(method: string, path: string): JobRequest | undefined {
  const shape = path.replace(/(?<=^v1\/jobs\/)[1-9]\d{0,14}(?=$|\/)/, "{id}");
  const id = Number(/^v1\/jobs\/(\d+)/.exec(path)?.[1] ?? 0);
  const route = jobRoutes.find((one) => one.method === method && one.path === shape);
  return route && { name: route.name, id };
}
