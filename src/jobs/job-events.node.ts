import type { ServerResponse } from "node:http";
import { SyncError } from "../errors.ts";
import type { Job } from "./job.ts";
import { jobLimits, jobTimes } from "./job-limits.ts";

/** A listener, and the jobs that it has not heard of since they changed. */
interface Listener {
  readonly response: ServerResponse;
  readonly changed: Set<number>;
}

/**
 * Tells listeners of jobs as server-sent events. Each hears of a job once in a while at most, and
 * as it is then; one that takes nothing costs no memory.
 */
export class JobEvents {
  readonly #listeners = new Set<Listener>();
  readonly #find: (id: number) => Job | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #alive: ReturnType<typeof setInterval> | undefined;

  /** @param find what a job is now; undefined when it was removed */
  constructor(find: (id: number) => Job | undefined) {
    this.#find = find;
  }

  /** Answers a request with events until its connection ends. @throws LIMIT */
  listen(response: ServerResponse): void {
    const [actual, limit] = [this.#listeners.size, jobLimits.listenerCount];
    if (actual >= limit)
      throw new SyncError("LIMIT", "too many listen already", { detail: { actual, limit } });
    response.writeHead(200, {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "X-Accel-Buffering": "no", // a proxy that collects would keep all of it
    });
    response.write("event: hello\ndata: {}\n\n");
    const listener: Listener = { response, changed: new Set() };
    this.#listeners.add(listener);
    this.#alive ??= setInterval(() => this.#sayAlive(), jobTimes.keepAliveMs).unref();
    response.once("close", () => void this.#listeners.delete(listener));
    response.on("drain", () => this.#schedule());
  }

  /** Something about a job is not as it was. */
  note(id: number): void {
    if (this.#listeners.size === 0) return;
    for (const { changed } of this.#listeners) changed.add(id);
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#alive);
    for (const { response } of this.#listeners) response.end();
    this.#listeners.clear(); // one that takes nothing would be written to after its end
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#tell(), jobTimes.tellMs).unref();
  }

  #tell(): void {
    this.#timer = undefined;
    for (const { response, changed } of this.#listeners)
      for (const id of changed) {
        if (response.writableNeedDrain) break;
        changed.delete(id);
        const job = this.#find(id);
        response.write(
          job ? `event: job\ndata: ${JSON.stringify(job)}\n\n` : `event: removed\ndata: {"id":${id}}\n\n`,
        );
      }
  }

  #sayAlive(): void {
    for (const { response } of this.#listeners)
      if (!response.writableNeedDrain) response.write(": alive\n\n");
  }
}
