import { SyncError, toSyncError } from "../errors.ts";
import { aboutField } from "./about-field.ts";
import {
  isOver,
  type Job,
  type JobProgress,
  type JobSpec,
  type JobState,
  type LogEntry,
  type LogPage,
} from "./job.ts";
import { DueJobs } from "./due-jobs.node.ts";
import { JobCourse } from "./job-course.ts";
import { jobLimits, jobTimes } from "./job-limits.ts";
import { JobLogs, type LogTerms } from "./job-logs.node.ts";
import type { JobPlaces } from "./job-places.node.ts";
import { runJob } from "./job-run.node.ts";
import { nextTime } from "./schedule.ts";
import { type JobChange, JobStore, type ListTerms } from "./job-store.node.ts";

export interface JobQueueOptions {
  /** Jobs at one time, and of one client; `jobLimits` unless given. */
  readonly runningCount?: number;
  readonly runningPerClientCount?: number;
  /**
   * Called when a job begins; returns it as it is to be carried out. The job fails with what this
   * throws.
   */
  readonly bind?: (spec: JobSpec) => JobSpec;
  /** Called when something about a job is not as it was. */
  readonly onChange?: (id: number) => void;
}

/** A job that is under way. */
interface Running {
  readonly job: Job;
  readonly life: AbortController;
  readonly course: JobCourse;
  progress?: JobProgress;
  done: Promise<void>;
}

/** Why a job is broken off. */
type Ending = "aborted" | "closed";

/**
 * Carries out jobs, several at a time, the oldest first. All that is known of them is in one file,
 * so that they go on when the program does.
 */
export class JobQueue {
  readonly #store: JobStore;
  readonly #logs: JobLogs;
  readonly #places: JobPlaces;
  readonly #options: JobQueueOptions;
  readonly #running = new Map<number, Running>();
  readonly #due: DueJobs;
  #clock: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** @throws LOCKED while another process has the file, STATE, PATH, NO_SPACE, IO */
  constructor(path: string, places: JobPlaces, options: JobQueueOptions = {}) {
    this.#store = new JobStore(path);
    this.#logs = new JobLogs(this.#store.database);
    this.#places = places;
    this.#options = options;
    this.#due = new DueJobs(this.#store, {
      add: (owner, spec, origin) => this.#add(owner, spec, origin),
      change: (id, change) => this.#change(id, change),
      note: (id, line) => this.#line(id, line),
    });
    this.#recover();
    this.#watchClock();
  }

  /**
   * Takes a job, which begins when there is room.
   *
   * @throws LIMIT, NOT_FOUND, PATH, UNSUPPORTED, USAGE
   */
  submit(owner: string, spec: JobSpec, origin?: number): Job {
    const job = this.#add(owner, spec, origin);
    this.#watchClock();
    return job;
  }

  /** @throws NOT_FOUND */
  get(id: number): Job {
    const job = this.#store.get(id);
    if (!job) throw new SyncError("NOT_FOUND", `there is no job ${id}`);
    return this.#asItStands(job);
  }

  /** The newest first. */
  list(terms: ListTerms): readonly Job[] {
    return this.#store.list(terms).map((job) => this.#asItStands(job));
  }

  /** How many there are in each state. */
  counts(): Partial<Record<JobState, number>> {
    return this.#store.counts();
  }

  /** Where a job stood, when. */
  course(id: number): JobCourse["samples"] {
    return this.#running.get(id)?.course.samples ?? this.#store.course(id);
  }

  log(id: number, terms: LogTerms): LogPage {
    this.get(id);
    return this.#logs.read(id, terms);
  }

  /**
   * Breaks a job off, or takes it out of the queue; one that is over stays as it is.
   *
   * @throws NOT_FOUND
   */
  abort(id: number): Job {
    const { state } = this.get(id);
    const running = this.#running.get(id);
    if (running) {
      this.#change(id, { state: "aborting" });
      running.life.abort("aborted" satisfies Ending);
    } else if (!isOver(state)) {
      this.#line(id, { level: "warning", text: "aborted before it began" });
      this.#change(id, { state: "aborted", endedMs: Date.now() });
    }
    return this.get(id);
  }

  /** Forgets a job. @throws NOT_FOUND, LOCKED for one that is under way */
  remove(id: number): void {
    this.get(id);
    if (this.#running.has(id)) throw new SyncError("LOCKED", `job ${id} is under way: abort it first`);
    this.#store.remove(id);
    this.#tell(id);
  }

  /** Breaks off what is under way, which goes on when the file is opened again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#clock);
    const running = [...this.#running.values()];
    for (const { life } of running) life.abort("closed" satisfies Ending);
    await Promise.all(running.map(({ done }) => done));
    this.#logs.close();
    this.#store.close();
  }

  #add(owner: string, spec: JobSpec, origin?: number): Job {
    const order = { ...spec.order, dryRun: spec.preview === true };
    for (const end of ["from", "to"] as const) aboutField(end, () => this.#places.check(spec[end]));
    this.#places.source(spec.from, order);
    this.#places.target(spec.to, order);
    const [actual, limit] = [this.#store.waitingCount(owner), jobLimits.waitingPerClientCount];
    if (actual >= limit)
      throw new SyncError("LIMIT", "too many jobs of this client wait", { detail: { actual, limit } });
    const createdMs = Date.now();
    const job = this.#store.add(owner, spec, {
      createdMs,
      ...(origin !== undefined && { origin }),
      ...(spec.schedule !== undefined && { nextMs: nextTime(spec.schedule, createdMs) }),
    });
    this.#tell(job.id);
    return job;
  }

  #asItStands(job: Job): Job {
    const progress = this.#running.get(job.id)?.progress;
    return progress ? { ...job, progress } : job;
  }

  /** What was under way when the program ended goes on, unless that ended it again and again. */
  #recover(): void {
    for (const job of this.#store.list({ states: ["running", "aborting"], limit: Number.MAX_SAFE_INTEGER })) {
      const { id, state, attempts } = job;
      if (state === "aborting") this.#store.change(id, { state: "aborted", endedMs: Date.now() });
      else if (attempts >= jobLimits.attemptCount) {
        const message = `the program ended ${attempts} times while this job was under way`;
        this.#store.change(id, {
          state: "failed",
          endedMs: Date.now(),
          failure: { code: "INTERNAL", message },
        });
      } else {
        this.#logs.add(id, { level: "warning", text: "the program ended meanwhile; the job goes on" });
        this.#store.change(id, { state: "queued" });
      }
    }
  }

  /** Begins what there is room for. @throws NO_SPACE, IO when the file takes nothing */
  #begin(): void {
    if (this.#isClosed) return;
    for (const isPreview of [true, false])
      while (this.#roomFor(isPreview)) {
        const job = this.#nextJob(isPreview);
        if (!job) break;
        this.#start(job);
      }
  }

  #roomFor(isPreview: boolean): boolean {
    const { runningCount = jobLimits.runningCount } = this.#options;
    return this.#among(isPreview).length < (isPreview ? jobLimits.previewCount : runningCount);
  }

  #among(isPreview: boolean): readonly Running[] {
    return [...this.#running.values()].filter(({ job }) => (job.spec.preview ?? false) === isPreview);
  }

  /** The oldest that no other one stands in the way of. */
  #nextJob(isPreview: boolean): Job | undefined {
    const among = this.#among(isPreview);
    const { runningPerClientCount: most = jobLimits.runningPerClientCount } = this.#options;
    const owners = [...new Set(among.map(({ job }) => job.owner))];
    const busy = owners.filter((owner) => among.filter(({ job }) => job.owner === owner).length >= most);
    const waiting = this.#store.waiting(isPreview, busy);
    return waiting.find(({ spec }) => isPreview || !among.some(({ job }) => meet(job.spec.to, spec.to)));
  }

  #start(job: Job): void {
    const life = new AbortController();
    const running: Running = { job, life, course: new JobCourse(), done: Promise.resolve() };
    this.#change(job.id, { state: "running", startedMs: Date.now(), attempts: job.attempts + 1 });
    this.#running.set(job.id, running);
    this.#line(job.id, { level: "info", text: `begins: ${job.spec.from} to ${job.spec.to}` });
    running.done = this.#run(running)
      .then(() => this.#begin())
      .catch(() => {}); // the file takes nothing: the job goes on when it is opened again
  }

  async #run({ job: { id, spec }, life, course }: Running): Promise<void> {
    const running = this.#running.get(id)!;
    const startedAt = performance.now();
    const takeProgress = (progress: JobProgress): void => {
      running.progress = progress;
      course.note(performance.now() - startedAt, progress);
      this.#tell(id);
    };
    let change: JobChange;
    try {
      const { failedEntries, progress, preview } = await runJob(
        this.#options.bind?.(spec) ?? spec,
        this.#places,
        {
          signal: life.signal,
          onProgress: takeProgress,
          onLine: (line) => this.#line(id, line),
        },
      );
      running.progress = progress;
      change = { state: failedEntries > 0 ? "partial" : "done", ...(preview && { preview }) };
    } catch (thrown) {
      change = this.#failed(id, thrown, life.signal);
    }
    const { progress } = running;
    if (progress) course.end(performance.now() - startedAt, progress);
    const { state = "done" } = change;
    if (state !== "queued") this.#line(id, { level: "info", text: `ends: ${state}` });
    this.#running.delete(id);
    this.#change(id, {
      ...change,
      ...(state !== "queued" && { endedMs: Date.now() }),
      ...(progress && { progress }),
      course: course.samples,
    });
    this.#prune();
  }

  #failed(id: number, thrown: unknown, signal: AbortSignal): JobChange {
    if (signal.aborted && (signal.reason as Ending) === "closed") {
      this.#line(id, { level: "warning", text: "the program ends; the job goes on when it starts again" });
      return { state: "queued" };
    }
    if (signal.aborted) return { state: "aborted" };
    const { code, message, detail } = toSyncError(thrown);
    const text = detail.path === undefined ? message : `${message} (${detail.path})`;
    this.#line(id, { level: "error", text, code });
    return { state: "failed", failure: { code, message: text.slice(0, jobLimits.logLineChars) } };
  }

  /**
   * Makes jobs whose time has come, and begins what there is room for. Where the file takes nothing
   * that is tried again later.
   */
  #watchClock(): void {
    clearTimeout(this.#clock);
    if (this.#isClosed) return;
    let waitMs: number = jobTimes.clockMs;
    try {
      this.#due.make(Date.now());
      this.#begin();
      waitMs = Math.min(this.#due.waitMs(Date.now()), waitMs);
    } catch {
      // Whoever changes something is told.
    }
    this.#clock = setTimeout(() => this.#watchClock(), waitMs).unref();
  }

  #prune(): void {
    for (const id of this.#store.prune()) this.#tell(id);
    this.#logs.prune();
  }

  #line(id: number, line: LogEntry): void {
    this.#logs.add(id, line);
  }

  #change(id: number, change: JobChange): void {
    this.#store.change(id, change);
    this.#tell(id);
  }

  #tell(id: number): void {
    this.#options.onChange?.(id);
  }
}

/** True for places of which one is the other, or lies in it. */
function meet(one: string, other: string): boolean {
  const [first, second] = [one, other].map((place) => `${place.replace(/\/+$/, "")}/`);
  return first!.startsWith(second!) || second!.startsWith(first!);
}
