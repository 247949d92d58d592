import type { SyncError } from "../../errors.ts";
import type { FileReport, RefusalReport } from "../../http/server-report.ts";
import type { SessionReport } from "../../http/session-host.ts";
import type { Report } from "../report/report.ts";
import { countOf } from "../report/count-of.ts";

/** How much of what is refused a log tells, so that nobody fills a disk with it. */
export const logLimits = Object.freeze({
  /** Refusals that are told one by one in a window; further ones are counted. */
  toldRefusalCount: 100,
  /** Milliseconds of a window. */
  refusalWindowMs: 60_000,
});

/** What a server did, a line each, with its time. */
export class ServingLog {
  readonly #report: Report;
  readonly #now: () => number;
  #windowEndsAt = 0;
  #refusalCount = 0;

  constructor(report: Report, now: () => number = Date.now) {
    this.#report = report;
    this.#now = now;
  }

  session({ direction, summary, error, troubles, dryRun = false, ...report }: SessionReport): void {
    const { via, name, address, path, sentBytes, receivedBytes } = report;
    const mode = dryRun ? { mode: "dry-run" } : {};
    const facts = { direction, ...mode, via, name, address, path, sentBytes, receivedBytes };
    const what = `${dryRun ? "dry run of a " : ""}${direction} of ${path} by ${whoIs(name, address)}`;
    const tellError = (error: SyncError, rest = ""): void => {
      const { path: entry } = error.detail;
      const place = entry === undefined ? "" : `${entry || "."}: `;
      const named = entry === undefined ? {} : { entry };
      this.#tell(`${what}: ${place}${reasonOf(error)}${rest}`, { ...facts, ...named, code: error.code });
    };
    for (const each of troubles) tellError(each);
    const bytes = `${countOf(receivedBytes, "byte")} received, ${sentBytes} sent`;
    if (error) return tellError(error, `; ${bytes}`);
    const { entries, chunkBytes } = summary!;
    this.#tell(
      `${what}: ${countOf(entries, "entry", "entries")}, ${countOf(chunkBytes, "byte")}; ${bytes}`,
      facts,
    );
  }

  file({ name, address, path, sentBytes, error }: FileReport): void {
    const facts = { name, address, path, sentBytes, ...(error && { code: error.code }) };
    const how = error ? `${reasonOf(error)}; ` : "";
    this.#tell(
      `fetch of ${path} by ${whoIs(name, address)}: ${how}${countOf(sentBytes, "byte")} sent`,
      facts,
    );
  }

  refusal({ method, path, address, receivedBytes, error }: RefusalReport): void {
    if (this.#now() >= this.#windowEndsAt) this.#beginWindow();
    this.#refusalCount += 1;
    if (this.#refusalCount > logLimits.toldRefusalCount) return;
    const what = path === undefined ? "a request" : `${method} of ${path}`;
    this.#tell(
      `refused ${what} by ${address}: ${reasonOf(error)}; ${countOf(receivedBytes, "byte")} received`,
      {
        address,
        receivedBytes,
        code: error.code,
        ...(path !== undefined && { method, path }),
      },
    );
  }

  /** Nothing more is done: tells of what was counted only. */
  end(): void {
    this.#tellCounted();
  }

  #beginWindow(): void {
    this.#tellCounted();
    this.#windowEndsAt = this.#now() + logLimits.refusalWindowMs;
  }

  #tellCounted(): void {
    const untold = this.#refusalCount - logLimits.toldRefusalCount;
    this.#refusalCount = 0;
    if (untold > 0) this.#tell(`refused ${untold} more in a minute`, { untold });
  }

  #tell(text: string, facts: Readonly<Record<string, string | number>>): void {
    const time = new Date(this.#now()).toISOString();
    this.#report.notice(`${time} ${text}`, { time, ...facts });
  }
}

function whoIs(name: string, address: string): string {
  return name === "anybody" ? address : `${name} at ${address}`;
}

function reasonOf({ message, code }: SyncError): string {
  return `${message} (${code})`;
}
