import { type Database, openDatabase, type Row } from "../bucket/sync/database.node.ts";
import {
  isOver,
  type Job,
  type JobFailure,
  type JobProgress,
  type JobSpec,
  type JobState,
  type Preview,
  type Sample,
} from "./job.ts";
import { jobLimits } from "./job-limits.ts";

const form = {
  applicationId: 0x72_73_6a_31,
  version: 1,
  otherwise: "name another directory for jobs",
  schema: `
    CREATE TABLE jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, preview INTEGER NOT NULL,
      owner TEXT NOT NULL, spec TEXT NOT NULL, origin INTEGER, created INTEGER NOT NULL, started INTEGER,
      ended INTEGER, next INTEGER, attempts INTEGER NOT NULL, result TEXT NOT NULL, course TEXT NOT NULL,
      lines INTEGER NOT NULL, firstLine INTEGER NOT NULL, chars INTEGER NOT NULL);
    CREATE INDEX jobsByState ON jobs (state, id);
    CREATE INDEX jobsByOwner ON jobs (owner, state);
    CREATE TABLE lines (job INTEGER, at INTEGER, time INTEGER NOT NULL, level INTEGER NOT NULL, code TEXT,
      text TEXT NOT NULL, PRIMARY KEY (job, at)) WITHOUT ROWID;`,
};

/** Jobs of one owner that are looked at when one of those that wait is to begin. */
const firstWaitingCount = 20;

/** What changes of a job while it is under way, and when it is over. */
export interface JobChange {
  readonly state?: JobState;
  readonly startedMs?: number;
  readonly endedMs?: number;
  readonly nextMs?: number;
  readonly attempts?: number;
  readonly progress?: JobProgress;
  readonly preview?: Preview;
  readonly failure?: JobFailure;
  readonly course?: readonly Sample[];
}

/** Which jobs are listed. */
export interface ListTerms {
  readonly states?: readonly JobState[];
  /** Only those with lower numbers. */
  readonly before?: number;
  readonly limit: number;
}

/** Jobs, in one file: each change is on the disk when it is told. */
export class JobStore {
  /** Shared with the logs, which are in the same file. */
  readonly database: Database;

  /** @throws LOCKED while another process has it, STATE, NO_SPACE, IO */
  constructor(path: string) {
    this.database = openDatabase(path, form);
  }

  add(
    owner: string,
    spec: JobSpec,
    { createdMs, nextMs, origin }: Pick<Job, "createdMs" | "nextMs" | "origin">,
  ): Job {
    const state: JobState = spec.schedule === undefined ? "queued" : "scheduled";
    this.database.run(
      `INSERT INTO jobs (state, preview, owner, spec, origin, created, next, attempts, result, course, lines, firstLine, chars)
        VALUES (?, ?, ?, ?, ?, ?, ?, 0, '{}', '[]', 0, 0, 0)`,
      [
        state,
        spec.preview === true ? 1 : 0,
        owner,
        JSON.stringify(spec),
        origin ?? null,
        createdMs,
        nextMs ?? null,
      ],
    );
    return this.get(Number(this.database.get("SELECT last_insert_rowid() AS id")!["id"]))!;
  }

  get(id: number): Job | undefined {
    const row = this.database.get("SELECT * FROM jobs WHERE id = ?", [id]);
    return row && jobOf(row);
  }

  /** The course of a job: where it stood, when. */
  course(id: number): readonly Sample[] {
    const row = this.database.get("SELECT course FROM jobs WHERE id = ?", [id]);
    return row ? (JSON.parse(String(row["course"])) as Sample[]) : [];
  }

  change(id: number, { course, ...change }: JobChange): void {
    const job = this.get(id);
    if (!job) return;
    const { state, startedMs, endedMs, nextMs, attempts, progress, preview, failure } = { ...job, ...change };
    this.database.run(
      `UPDATE jobs SET state = ?, started = ?, ended = ?, next = ?, attempts = ?, result = ? WHERE id = ?`,
      [
        state,
        startedMs ?? null,
        endedMs ?? null,
        nextMs ?? null,
        attempts,
        JSON.stringify({ progress, preview, failure }),
        id,
      ],
    );
    if (course) this.database.run("UPDATE jobs SET course = ? WHERE id = ?", [JSON.stringify(course), id]);
  }

  /** The newest first. */
  list({ states, before = Number.MAX_SAFE_INTEGER, limit }: ListTerms): readonly Job[] {
    const among = states === undefined ? "" : `AND state IN (${states.map(() => "?").join()})`;
    const rows = this.database.all(`SELECT * FROM jobs WHERE id < ? ${among} ORDER BY id DESC LIMIT ?`, [
      before,
      ...(states ?? []),
      limit,
    ]);
    return rows.map(jobOf);
  }

  /** How many there are in each state. */
  counts(): Partial<Record<JobState, number>> {
    const rows = this.database.all("SELECT state, count(*) AS n FROM jobs GROUP BY state");
    return Object.fromEntries(rows.map(({ state, n }) => [state, n])) as Partial<Record<JobState, number>>;
  }

  /** Jobs of an owner that wait or are scheduled. */
  waitingCount(owner: string): number {
    return Number(
      this.database.get(
        "SELECT count(*) AS n FROM jobs WHERE owner = ? AND state IN ('queued', 'scheduled')",
        [owner],
      )!["n"],
    );
  }

  /** The first of each owner that wait, the oldest first, but for those of some owners. */
  waiting(isPreview: boolean, busyOwners: readonly string[]): readonly Job[] {
    const others = busyOwners.length === 0 ? "" : `AND owner NOT IN (${busyOwners.map(() => "?").join()})`;
    const sql = `SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY owner ORDER BY id) AS place FROM jobs
        WHERE state = 'queued' AND preview = ? ${others})
      WHERE place <= ? ORDER BY id`;
    return this.database.all(sql, [isPreview ? 1 : 0, ...busyOwners, firstWaitingCount]).map(jobOf);
  }

  /** Those whose time has come, or all that are scheduled. */
  scheduled(untilMs = Number.MAX_SAFE_INTEGER): readonly Job[] {
    return this.database
      .all("SELECT * FROM jobs WHERE state = 'scheduled' AND next <= ? ORDER BY next", [untilMs])
      .map(jobOf);
  }

  /** True when a job that was made of another is not over. */
  hasOpen(origin: number): boolean {
    return (
      this.database.get(
        "SELECT id FROM jobs WHERE state IN ('queued', 'running', 'aborting') AND origin = ? LIMIT 1",
        [origin],
      ) !== undefined
    );
  }

  remove(id: number): void {
    this.database.transaction(() => {
      this.database.run("DELETE FROM lines WHERE job = ?", [id]);
      this.database.run("DELETE FROM jobs WHERE id = ?", [id]);
    });
  }

  /** Removes the oldest of those that are over, down to the limit; gives their numbers. */
  prune(): readonly number[] {
    const over = this.database.all(
      `SELECT id FROM jobs WHERE state IN ('done', 'partial', 'failed', 'aborted') ORDER BY id DESC LIMIT -1 OFFSET ?`,
      [jobLimits.keptJobCount],
    );
    const ids = over.map(({ id }) => Number(id));
    for (const id of ids) this.remove(id);
    return ids;
  }

  close(): void {
    this.database.close();
  }
}

function jobOf(row: Row): Job {
  const result = JSON.parse(String(row["result"])) as Pick<Job, "progress" | "preview" | "failure">;
  const state = String(row["state"]) as JobState;
  return {
    id: Number(row["id"]),
    state,
    owner: String(row["owner"]),
    spec: JSON.parse(String(row["spec"])) as JobSpec,
    createdMs: Number(row["created"]),
    attempts: Number(row["attempts"]),
    ...(row["origin"] !== null && { origin: Number(row["origin"]) }),
    ...(row["started"] !== null && { startedMs: Number(row["started"]) }),
    ...(row["ended"] !== null && { endedMs: Number(row["ended"]) }),
    ...(row["next"] !== null && !isOver(state) && { nextMs: Number(row["next"]) }),
    ...result,
  };
}
