import type { IncomingMessage, ServerResponse } from "node:http";
import { SyncError } from "../errors.ts";
import type { Annex, AnnexClient } from "../http/annex.node.ts";
import { json } from "../http/plain-answer.node.ts";
import type { Scope } from "../http/route.ts";
import { parseQuery, type Query } from "../transport/query.ts";
import { type Fixed, withFixed } from "./fixed-fields.ts";
import { type JobState, jobStates, type LogLevel, logLevels, type JobSpec } from "./job.ts";
import { JobEvents } from "./job-events.node.ts";
import { jobLimits, jobTimes } from "./job-limits.ts";
import type { JobPlaces } from "./job-places.node.ts";
import { JobQueue, type JobQueueOptions } from "./job-queue.node.ts";
import { findJobRoute, type JobCall, jobsPrefix } from "./job-routes.ts";
import { readSpec, scopeOfSpec } from "./job-spec.node.ts";

export interface JobAnswersOptions extends Omit<JobQueueOptions, "bind" | "onChange"> {
  /** Fields of all jobs that nobody may choose otherwise. */
  readonly fixed?: Fixed;
}

/** Jobs that a server answers for. */
export interface JobAnswers extends Annex {
  /** Breaks off what is under way, which goes on the next time. */
  close(): Promise<void>;
}

interface Asked extends AnnexClient {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: Query;
  readonly id: number;
}

/**
 * Opens jobs for a server to answer for.
 *
 * @param path the file that jobs are kept in
 * @throws LOCKED while another process has it, STATE, PATH, NO_SPACE, IO
 */
export function openJobs(path: string, places: JobPlaces, options: JobAnswersOptions = {}): JobAnswers {
  const { fixed = {}, ...queueOptions } = options;
  const events = new JobEvents((id) => findJob(queue, id));
  const queue = new JobQueue(path, places, {
    ...queueOptions,
    // What is fixed may be another value than when the job was asked for.
    bind: (spec) => readSpec(withFixed(spec, fixed)),
    onChange: (id) => events.note(id),
  });

  const submit = (value: unknown, { principal, address }: Asked, origin?: number) => {
    const spec = readSpec(withFixed(value, fixed));
    demand(principal.scopes, scopeOfSpec(spec));
    const owner = principal.name === "anybody" ? address : principal.name;
    return queue.submit(owner, spec, origin);
  };

  const calls: Readonly<Record<JobCall, (asked: Asked) => unknown>> = {
    describe: ({ principal }) => ({
      version: 1,
      places: places.names,
      fixed,
      scopes: principal.scopes,
      name: principal.name,
    }),
    events: ({ response }) => events.listen(response),
    list: ({ query }) => {
      const states = statesIn(query);
      const before = numberIn(query, "before", Number.MAX_SAFE_INTEGER);
      const limit = Math.min(numberIn(query, "limit", 100), jobLimits.jobPageCount);
      const jobs = queue.list({ ...(states && { states }), before, limit });
      return { jobs, counts: queue.counts() };
    },
    submit: async (asked) => submit(await readBody(asked.request), asked),
    read: ({ id }) => ({ ...queue.get(id), course: queue.course(id) }),
    remove: ({ id, principal }) => {
      demand(principal.scopes, scopeOfSpec({ ...queue.get(id).spec, preview: false }));
      queue.remove(id);
      return {};
    },
    readLog: ({ id, query }) => {
      const level = query.get("level") ?? "path";
      if (!logLevels.includes(level as LogLevel)) throw bad("level", level);
      const limit = Math.min(numberIn(query, "limit", 100), jobLimits.logPageCount);
      const [from, before] = [numberIn(query, "from", 0), numberIn(query, "before", undefined)];
      return queue.log(id, { from, before, limit, level: level as LogLevel });
    },
    abort: ({ id, principal }) => {
      demand(principal.scopes, scopeOfSpec(queue.get(id).spec));
      return queue.abort(id);
    },
    rerun: async (asked) => {
      const changes = await readBody(asked.request);
      const { spec } = queue.get(asked.id);
      return submit(changed(spec, changes), asked, asked.id);
    },
  };

  return {
    prefix: jobsPrefix,
    use: "start jobs",
    scopeOf: () => "read", // each call asks for more
    async answer(request, response, client) {
      const url = request.url ?? "";
      const [path = ""] = url.slice(jobsPrefix.length).split("?");
      const found = findJobRoute(request.method ?? "", path);
      if (!found) throw new SyncError("NOT_FOUND", "there is no such call");
      if (request.method === "POST") checkJson(request);
      const answer = await calls[found.name]({
        ...client,
        request,
        response,
        query: parseQuery(url),
        id: found.id,
      });
      if (answer !== undefined) json(response, answer);
    },
    async close() {
      events.close();
      await queue.close();
      await places.close();
    },
  };
}

function findJob(queue: JobQueue, id: number) {
  try {
    return queue.get(id);
  } catch {
    return undefined;
  }
}

/** A job again, but for what is said otherwise: a field that is null is left out. */
function changed(spec: JobSpec, changes: unknown): unknown {
  if (typeof changes !== "object" || changes === null)
    throw new SyncError("BAD_MESSAGE", "changes are a record");
  const { schedule: _, ...once } = spec;
  return Object.fromEntries(Object.entries({ ...once, ...changes }).filter(([, value]) => value !== null));
}

function demand(scopes: readonly Scope[], scope: Scope): void {
  if (!scopes.includes(scope))
    throw new SyncError("UNAUTHORIZED", `a token is needed that allows to ${scope}`);
}

/** No form and no simple request of a web page has such a type. @throws BAD_MESSAGE */
function checkJson({ headers }: IncomingMessage): void {
  if (!/^application\/json(?:;|$)/i.test(headers["content-type"] ?? ""))
    throw new SyncError("BAD_MESSAGE", "what is asked comes as application/json");
}

/** @throws LIMIT, BAD_MESSAGE, PEER_GONE for a body that does not come */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const blocks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => request.destroy(), jobTimes.requestMs);
  try {
    for await (const block of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += block.length;
      if (size > jobLimits.jobRequestBytes) throw new SyncError("LIMIT", "a job has too many bytes");
      blocks.push(block);
    }
  } finally {
    clearTimeout(timer);
  }
  try {
    return size === 0 ? {} : JSON.parse(Buffer.concat(blocks).toString());
  } catch (cause) {
    throw new SyncError("BAD_MESSAGE", "this is no JSON", { cause });
  }
}

function numberIn<Otherwise>(query: Query, name: string, otherwise: Otherwise): number | Otherwise {
  const text = query.get(name);
  if (text === undefined) return otherwise;
  if (!/^\d{1,15}$/.test(text)) throw bad(name, text);
  return Number(text);
}

function statesIn(query: Query): readonly JobState[] | undefined {
  const states = query.get("state")?.split(",");
  if (states?.some((state) => !jobStates.includes(state as JobState)) === true)
    throw bad("state", String(states));
  return states as readonly JobState[] | undefined;
}

function bad(field: string, given: string): SyncError {
  const message = `"${field}" has no such value as ${JSON.stringify(given.slice(0, 64))}`;
  return new SyncError("BAD_MESSAGE", message, { detail: { field } });
}
