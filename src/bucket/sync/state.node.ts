import type { UploadedPart } from "../object-bucket.ts";
import { type Database, openDatabase, type Row } from "./database.node.ts";
import { checkJob, type Job } from "./job.ts";
import type { UnlistedKeys } from "./list-ranges.ts";
import {
  type BegunUpload,
  type Counts,
  type DrawnObject,
  type KnownPair,
  noCounts,
  type PastRun,
  type Phase,
  type Task,
  type TaskAction,
} from "./records.ts";

/** How much is kept of what is over. */
export const stateLimits = Object.freeze({ pastRunCount: 100 });

const form = {
  applicationId: 0x72_73_62_31,
  version: 2,
  otherwise: "name another one with --state",
  schema: `
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE tasks (key TEXT PRIMARY KEY, action TEXT NOT NULL, size INTEGER NOT NULL,
      etag TEXT, mark TEXT NOT NULL, replaces TEXT) WITHOUT ROWID;
    CREATE TABLE known (key TEXT PRIMARY KEY, source TEXT NOT NULL, destination TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE uploads (key TEXT PRIMARY KEY, id TEXT NOT NULL, mark TEXT NOT NULL,
      partBytes INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE parts (key TEXT, number INTEGER, etag TEXT NOT NULL, PRIMARY KEY (key, number)) WITHOUT ROWID;
    CREATE TABLE drawn (priority REAL, key TEXT, size INTEGER NOT NULL, PRIMARY KEY (priority, key)) WITHOUT ROWID;
    CREATE TABLE runs (id INTEGER PRIMARY KEY, started INTEGER, ended INTEGER, counts TEXT NOT NULL);`,
};

/**
 * What is recorded of the work on a pair of buckets, so that any run can go on from where one
 * ended.
 */
export class SyncState {
  readonly #db: Database;

  /** @throws LOCKED, STATE, NO_SPACE, IO */
  constructor(path: string) {
    this.#db = openDatabase(path, form);
  }

  get phase(): Phase {
    return (this.#fact("phase") as Phase | undefined) ?? "done";
  }

  get counts(): Counts {
    return this.#json<Counts>("counts") ?? noCounts;
  }

  get job(): Job | undefined {
    return this.#json<Job>("job");
  }

  /** What of both sides is not listed yet: all of it, when a run begins. */
  get unlisted(): readonly UnlistedKeys[] {
    return this.#json<UnlistedKeys[]>("unlisted") ?? [{}];
  }

  get startedMs(): number {
    return Number(this.#fact("started") ?? 0);
  }

  /**
   * Goes on with the run that is recorded, or begins a new one when there is none.
   *
   * @returns true when it goes on
   * @throws USAGE for a state of another job
   */
  begin(job: Job, restarts: boolean): boolean {
    const recorded = this.job;
    const isUnfinished = this.phase !== "done" && !restarts;
    if (recorded) checkJob(recorded, job, isUnfinished);
    if (isUnfinished) return true;
    this.transaction(() => {
      for (const table of ["tasks", "drawn"]) this.#db.run(`DELETE FROM ${table}`);
      this.#db.run("DELETE FROM facts");
      this.#set("job", JSON.stringify(job));
      this.#set("started", `${Date.now()}`);
      this.enter("listing");
    });
    return false;
  }

  enter(phase: Phase): void {
    this.#set("phase", phase);
  }

  /** Ends the run, and keeps its counts. */
  finish(): void {
    this.transaction(() => {
      this.enter("done");
      this.#db.run("INSERT INTO runs (started, ended, counts) VALUES (?, ?, ?)", [
        this.startedMs,
        Date.now(),
        JSON.stringify(this.counts),
      ]);
      this.#db.run("DELETE FROM runs WHERE id <= (SELECT MAX(id) FROM runs) - ?", [stateLimits.pastRunCount]);
    });
  }

  pastRuns(): readonly PastRun[] {
    return this.#db.all("SELECT started, ended, counts FROM runs ORDER BY id").map((row) => ({
      startedMs: Number(row["started"]),
      endedMs: Number(row["ended"]),
      counts: JSON.parse(String(row["counts"])) as Counts,
    }));
  }

  setUnlisted(ranges: readonly UnlistedKeys[]): void {
    this.#set("unlisted", JSON.stringify(ranges));
  }

  add(counts: Partial<Counts>): void {
    const sum = { ...this.counts } as Record<keyof Counts, number>;
    for (const [name, count] of Object.entries(counts)) sum[name as keyof Counts] += count;
    this.#set("counts", JSON.stringify(sum));
  }

  addTask({ key, action, sizeBytes, etag, mark, replaces }: Task): void {
    this.#db.run("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?)", [
      key,
      action,
      sizeBytes,
      etag ?? null,
      mark,
      replaces,
    ]);
  }

  removeTask(key: string): void {
    this.#db.run("DELETE FROM tasks WHERE key = ?", [key]);
  }

  /** Tasks behind a key, in the order of keys. */
  tasks(kind: "copies" | "deletions", after: string | undefined, count: number): readonly Task[] {
    const sign = kind === "deletions" ? "=" : "<>";
    const behind = after === undefined ? "" : "AND key > ?";
    return this.#db
      .all(`SELECT * FROM tasks WHERE action ${sign} 'delete' ${behind} ORDER BY key LIMIT ?`, [
        ...(after === undefined ? [] : [after]),
        count,
      ])
      .map(taskOf);
  }

  /** How much is left to do. */
  left(kind: "copies" | "deletions"): { readonly count: number; readonly bytes: number } {
    const sign = kind === "deletions" ? "=" : "<>";
    const row = this.#db.get(
      `SELECT COUNT(*) AS n, TOTAL(size) AS b FROM tasks WHERE action ${sign} 'delete'`,
    );
    return { count: Number(row!["n"]), bytes: Number(row!["b"]) };
  }

  isKnown({ key, sourceMark, destinationMark }: KnownPair): boolean {
    const row = this.#db.get("SELECT source, destination FROM known WHERE key = ?", [key]);
    return row?.["source"] === sourceMark && row["destination"] === destinationMark;
  }

  /** Remembers a pair; what equal ETags tell by themselves need not be. */
  know({ key, sourceMark, destinationMark }: KnownPair): void {
    if (sourceMark === destinationMark) return this.forget(key);
    this.#db.run("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", [key, sourceMark, destinationMark]);
  }

  forget(key: string): void {
    this.#db.run("DELETE FROM known WHERE key = ?", [key]);
  }

  upload(key: string): (BegunUpload & { readonly parts: readonly UploadedPart[] }) | undefined {
    const row = this.#db.get("SELECT * FROM uploads WHERE key = ?", [key]);
    if (row === undefined) return undefined;
    const parts = this.#db.all("SELECT number, etag FROM parts WHERE key = ? ORDER BY number", [key]);
    return {
      id: String(row["id"]),
      mark: String(row["mark"]),
      partBytes: Number(row["partBytes"]),
      parts: parts.map(({ number, etag }) => ({ number: Number(number), etag: String(etag) })),
    };
  }

  beginUpload(key: string, { id, mark, partBytes }: BegunUpload): void {
    this.endUpload(key);
    this.#db.run("INSERT INTO uploads VALUES (?, ?, ?, ?)", [key, id, mark, partBytes]);
  }

  addPart(key: string, { number, etag }: UploadedPart): void {
    this.#db.run("INSERT OR REPLACE INTO parts VALUES (?, ?, ?)", [key, number, etag]);
  }

  endUpload(key: string): void {
    for (const table of ["uploads", "parts"]) this.#db.run(`DELETE FROM ${table} WHERE key = ?`, [key]);
  }

  /** Keeps what was drawn so far in place of what was kept before. */
  setDrawn(drawn: readonly DrawnObject[]): void {
    for (const { priority, key, sizeBytes } of drawn)
      this.#db.run("INSERT OR IGNORE INTO drawn VALUES (?, ?, ?)", [priority, key, sizeBytes]);
    const last = drawn.at(-1);
    if (last) this.#db.run("DELETE FROM drawn WHERE priority > ?", [last.priority]);
  }

  drawn(): readonly DrawnObject[] {
    return this.#db.all("SELECT * FROM drawn ORDER BY priority").map((row) => ({
      key: String(row["key"]),
      sizeBytes: Number(row["size"]),
      priority: Number(row["priority"]),
    }));
  }

  /** Does all of it or nothing. */
  transaction(act: () => void): void {
    this.#db.transaction(act);
  }

  close(): void {
    this.#db.close();
  }

  #fact(name: string): string | undefined {
    return this.#db.get("SELECT value FROM facts WHERE name = ?", [name])?.["value"]?.toString();
  }

  #json<Value>(name: string): Value | undefined {
    const text = this.#fact(name);
    return text === undefined ? undefined : (JSON.parse(text) as Value);
  }

  #set(name: string, value: string): void {
    this.#db.run("INSERT OR REPLACE INTO facts VALUES (?, ?)", [name, value]);
  }
}

function taskOf(row: Row): Task {
  const etag = row["etag"];
  return {
    key: String(row["key"]),
    action: String(row["action"]) as TaskAction,
    sizeBytes: Number(row["size"]),
    etag: typeof etag === "string" ? etag : undefined,
    mark: String(row["mark"]),
    replaces: row["replaces"] === null ? null : String(row["replaces"]),
  };
}
