import type { SyncError } from "../../errors.ts";
import type { ReceiveSummary } from "../../session/receive.ts";
import type { SendSummary } from "../../session/send.ts";
import type { TreeChange } from "../../tree/entry/entry.ts";
import type { ChangeCounts, Report, Summary } from "./report.ts";
import { progressOfRun, type RunProgressOptions } from "./session-progress.ts";
import { reportSession } from "./session-report.ts";

/** What decides which changes there are to tell of. */
interface ChangeReportOptions {
  /** True where nothing is changed, and told what would be. */
  readonly dryRun?: boolean | undefined;
  /** Undefined where nothing is deleted. */
  readonly maxDeletedCount?: number | undefined;
}

/** Those of a run that are about reporting. */
export interface RunReportOptions extends RunProgressOptions {
  readonly onChange?: (change: TreeChange) => void;
  readonly onTrouble: (error: SyncError) => void;
}

/** Reports what becomes of the paths of a destination, and how the session ended. */
export class ChangeReport {
  /** Called for each change; undefined where nobody is told. */
  readonly onChange: ((change: TreeChange) => void) | undefined;
  readonly #report: Report;
  readonly #options: ChangeReportOptions;
  #tally = new ChangeTally();

  constructor(report: Report, options: ChangeReportOptions) {
    this.#report = report;
    this.#options = options;
    this.onChange =
      options.dryRun === true
        ? (change) => {
            this.#tally.count(change);
            report.change(change);
          }
        : changesTo(report, options.maxDeletedCount !== undefined);
  }

  /** The options by which a run has its changes, its troubles and where it stands reported. */
  runOptions(): RunReportOptions {
    const report = this.#report;
    const { onConnect, ...progress } = progressOfRun(report);
    return {
      ...progress,
      ...(this.onChange && { onChange: this.onChange }),
      onConnect: () => {
        this.#tally = new ChangeTally(); // a further attempt goes through the whole tree
        onConnect();
      },
      onTrouble: (error) => report.trouble(error),
    };
  }

  /** Reports how the session ended. @throws PARTIAL when some entries failed */
  end(action: "sent" | "received", session: SendSummary | ReceiveSummary): void {
    const { dryRun, maxDeletedCount } = this.#options;
    if (dryRun === true) return reportSession(this.#report, "compared", session, this.#tally.summary);
    const deletion = maxDeletedCount === undefined ? {} : { deletedEntries: session.deleted };
    reportSession(this.#report, action, session, deletion);
  }
}

/** Counts what would become of paths. */
export class ChangeTally {
  readonly #counts: ChangeCounts = { new: 0, changed: 0, touched: 0, deleted: 0 };
  #changedBytes = 0;

  count({ change, size }: TreeChange): void {
    this.#counts[change]++;
    if (change === "new" || change === "changed") this.#changedBytes += size;
  }

  get summary(): Pick<Summary, "changes" | "changedBytes"> {
    return { changes: this.#counts, changedBytes: this.#changedBytes };
  }
}

/** Tells what became of paths, as far as somebody is shown it; undefined when nobody is. */
function changesTo(
  { received, deleted }: Report,
  mayDelete: boolean,
): ((change: TreeChange) => void) | undefined {
  if (!received && !(mayDelete && deleted)) return undefined;
  return (change) => (change.change === "deleted" ? deleted?.(change) : received?.(change));
}
