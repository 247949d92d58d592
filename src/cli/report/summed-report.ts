import { override } from "../../bytes/override.ts";
import type { Report, Summary } from "./report.ts";

const summedFigures = [
  "entries",
  "files",
  "doneBytes",
  "newBytes",
  "reusedBytes",
  "wireBytes",
  "failedEntries",
  "missingBytes",
] as const;

/** Makes one summary of those of several sessions. */
export class SummedReport {
  /** What the sessions report to. */
  readonly report: Report;
  readonly #whole: Report;
  readonly #sum: Record<(typeof summedFigures)[number], number> = {
    entries: 0,
    files: 0,
    doneBytes: 0,
    newBytes: 0,
    reusedBytes: 0,
    wireBytes: 0,
    failedEntries: 0,
    missingBytes: 0,
  };
  #sessionCount = 0;
  #last: Summary | undefined;

  constructor(whole: Report) {
    this.#whole = whole;
    this.report = override(whole, { summary: (summary: Summary) => this.#add(summary) });
  }

  get sentBytes(): number {
    return this.#sum.newBytes;
  }

  get missingBytes(): number {
    return this.#sum.missingBytes;
  }

  get failedEntries(): number {
    return this.#sum.failedEntries;
  }

  /** Reports the summary: that of the only session, or what all come to. */
  end(): void {
    const isOnly = this.#sessionCount === 1 && this.#last !== undefined;
    const { missingBytes, ...sum } = this.#sum;
    const all = { action: "sent", ...sum, ...(missingBytes > 0 && { missingBytes }) } as const;
    this.#whole.summary(isOnly ? this.#last! : all);
  }

  #add(summary: Summary): void {
    this.#sessionCount++;
    this.#last = summary;
    for (const name of summedFigures) this.#sum[name] += summary[name] ?? 0;
  }
}
