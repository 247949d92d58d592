import { override } from "../../bytes/override.ts";
import { formatBytes } from "./formatted-bytes.ts";
import type { Report, Summary } from "./report.ts";

const summedFigures = ["entries", "files", "doneBytes", "newBytes", "wireBytes", "failedEntries"] as const;

/** Makes one summary of those of all parts. */
export class SummedReport {
  readonly report: Report;
  readonly #whole: Report;
  readonly #sum: Record<(typeof summedFigures)[number], number> = {
    entries: 0,
    files: 0,
    doneBytes: 0,
    newBytes: 0,
    wireBytes: 0,
    failedEntries: 0,
  };

  constructor(whole: Report) {
    this.#whole = whole;
    this.report = override(whole, { summary: (summary: Summary) => this.#add(summary) });
  }

  get sentBytes(): number {
    return this.#sum.newBytes;
  }

  end(allBytes: number): void {
    this.#whole.notice(`all hosts together have sent ${formatBytes(allBytes)} of new content`, { allBytes });
    this.#whole.summary({ action: "sent", ...this.#sum });
  }

  #add(summary: Summary): void {
    for (const name of summedFigures) this.#sum[name] += summary[name] ?? 0;
  }
}
