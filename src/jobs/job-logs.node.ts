import type { Database } from "../bucket/sync/database.node.ts";
import { type LogEntry, type LogLevel, logLevels, type LogPage } from "./job.ts";
import { jobLimits, jobTimes } from "./job-limits.ts";

/** A line that is not on the disk yet. */
interface NewLine extends LogEntry {
  readonly job: number;
  readonly timeMs: number;
}

/** Which lines are read. */
export interface LogTerms {
  /** The number of the first. */
  readonly from: number;
  /** Those before this number, of which the last are read. */
  readonly before?: number | undefined;
  readonly limit: number;
  /** Those that matter at least as much. */
  readonly level?: LogLevel;
}

/** How much of logs is kept. */
type LogLimits = Readonly<Record<"logLineCount" | "logsChars", number>>;

/** The logs of jobs: written some lines at a time, and bounded by dropping their oldest. */
export class JobLogs {
  readonly #database: Database;
  readonly #limits: LogLimits;
  #new: NewLine[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(database: Database, limits: LogLimits = jobLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  add(job: number, { level, text, code }: LogEntry): void {
    const line = { level, text: text.slice(0, jobLimits.logLineChars), ...(code !== undefined && { code }) };
    this.#new.push({ job, timeMs: Date.now(), ...line });
    this.#timer ??= setTimeout(() => this.write(), jobTimes.logWriteMs);
    if (this.#new.length >= jobLimits.logPageCount) this.write();
  }

  /**
   * Writes what was added. Of jobs that were removed meanwhile nothing is kept, and lines that
   * there is no room for are lost: no job ends for that.
   */
  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#new;
    this.#new = [];
    if (lines.length === 0) return;
    try {
      this.#database.transaction(() => {
        for (const job of new Set(lines.map((line) => line.job)))
          this.#append(
            job,
            lines.filter((line) => line.job === job),
          );
      });
    } catch {
      // What is wrong with the disk is told by what has to be on it.
    }
  }

  /** The lines of a job from a number on, or the last before one; of one without any, none. */
  read(job: number, { from, before, limit, level = "path" }: LogTerms): LogPage {
    this.write();
    const known = this.#database.get("SELECT lines, firstLine FROM jobs WHERE id = ?", [job]);
    const [end, first] = [Number(known?.["lines"] ?? 0), Number(known?.["firstLine"] ?? 0)];
    const rows = this.#database.all(
      `SELECT at, time, level, code, text FROM lines WHERE job = ? AND at >= ? AND at < ? AND level <= ?
        ORDER BY at ${before === undefined ? "" : "DESC"} LIMIT ?`,
      [job, from, before ?? end, logLevels.indexOf(level), limit],
    );
    const lines = rows.map((row) => ({
      at: Number(row["at"]),
      timeMs: Number(row["time"]),
      level: logLevels[Number(row["level"])]!,
      text: String(row["text"]),
      ...(row["code"] !== null && { code: String(row["code"]) }),
    }));
    if (before !== undefined) return { lines: lines.reverse(), first, next: Math.min(before, end), end };
    const next = lines.length < limit ? end : (lines.at(-1)?.at ?? from - 1) + 1;
    return { lines, first, next: Math.max(next, Math.min(from, end)), end };
  }

  /** Drops the logs of the oldest jobs that are over, until all together keep to the limit. */
  prune(): void {
    let chars = Number(this.#database.get("SELECT sum(chars) AS n FROM jobs")?.["n"] ?? 0);
    while (chars > this.#limits.logsChars) {
      const oldest = this.#database.get(
        "SELECT id, chars, lines FROM jobs WHERE chars > 0 AND ended IS NOT NULL ORDER BY id LIMIT 1",
      );
      if (!oldest) return;
      this.#drop(Number(oldest["id"]), Number(oldest["lines"]));
      chars -= Number(oldest["chars"]);
    }
  }

  /** Writes what is left. */
  close(): void {
    this.write();
  }

  #append(job: number, lines: readonly NewLine[]): void {
    const known = this.#database.get("SELECT lines, firstLine FROM jobs WHERE id = ?", [job]);
    if (!known) return;
    let at = Number(known["lines"]);
    for (const { timeMs, level, code, text } of lines)
      this.#database.run("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?)", [
        job,
        at++,
        timeMs,
        logLevels.indexOf(level),
        code ?? null,
        text,
      ]);
    const chars = lines.reduce((sum, { text }) => sum + text.length, 0);
    this.#database.run("UPDATE jobs SET lines = ?, chars = chars + ? WHERE id = ?", [at, chars, job]);
    if (at - Number(known["firstLine"]) > this.#limits.logLineCount)
      this.#drop(job, at - this.#limits.logLineCount);
  }

  /** Drops the lines before one. */
  #drop(job: number, before: number): void {
    const { n } = this.#database.get("SELECT sum(length(text)) AS n FROM lines WHERE job = ? AND at < ?", [
      job,
      before,
    ])!;
    this.#database.run("DELETE FROM lines WHERE job = ? AND at < ?", [job, before]);
    this.#database.run("UPDATE jobs SET firstLine = ?, chars = max(0, chars - ?) WHERE id = ?", [
      before,
      Number(n ?? 0),
      job,
    ]);
  }
}
