import type { TreeChange } from "../tree/entry/entry.ts";
import type { ChangeCounts, Report, Summary } from "./report.ts";

/** Tells what would become of each path, and counts. */
export class ChangeTally {
  readonly #report: Report;
  readonly #counts: ChangeCounts = { new: 0, changed: 0, touched: 0, deleted: 0 };
  #changedBytes = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  note(change: TreeChange): void {
    this.#counts[change.change]++;
    if (change.change === "new" || change.change === "changed") this.#changedBytes += change.size;
    this.#report.change(change);
  }

  get summary(): Pick<Summary, "changes" | "changedBytes"> {
    return { changes: this.#counts, changedBytes: this.#changedBytes };
  }
}
