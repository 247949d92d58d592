import { SyncError } from "../../errors.ts";
import type { ReceiveSummary } from "../../session/receive.ts";
import type { SendSummary } from "../../session/send.ts";
import type { ByteRange, TreeChange } from "../../tree/entry/entry.ts";
import type { RunReportOptions } from "./change-report.ts";
import { escapeText } from "../../bytes/escaped-text.ts";
import type { Report } from "./report.ts";
import { progressOfRun } from "./session-progress.ts";
import { reportSession } from "./session-report.ts";

/** What is said of a path that would be changed. */
const words = { new: "missing", deleted: "extra", changed: "different", touched: "different" } as const;

/** Reports how a tree differs from another one, and how the comparison ended. */
export class DifferenceReport {
  readonly #report: Report;
  #counts: DifferenceCounts;

  /** @param counts what was told before, of a comparison that goes on */
  constructor(report: Report, counts = noDifferences()) {
    this.#report = report;
    this.#counts = counts;
  }

  /** The options by which a dry run has all that it finds reported, and where it stands. */
  runOptions(): RunReportOptions {
    const { onConnect, ...progress } = progressOfRun(this.#report);
    return {
      ...progress,
      onConnect: () => {
        this.#counts = noDifferences(); // a further attempt goes through the whole tree
        onConnect();
      },
      onChange: (change) => this.tell(change),
      onTrouble: (error) => this.#report.trouble(error),
    };
  }

  /** How many paths were told so far. */
  get counts(): DifferenceCounts {
    return this.#counts;
  }

  /** Tells of one path. */
  tell(change: TreeChange): void {
    const difference = words[change.change];
    this.#counts[difference]++;
    const { path, kind, size, differs, ranges } = change;
    const facts = { difference, path, kind, size, differs, ranges };
    this.#report.result("difference", describe(difference, change), facts);
  }

  /**
   * Reports how the comparison ended.
   *
   * @throws PARTIAL when something could not be compared, DIFFERENT when something differs
   */
  end(session: SendSummary | ReceiveSummary): void {
    const differences = this.#counts;
    reportSession(this.#report, "checked", session, { differences });
    this.throwIfAny();
  }

  /** @throws DIFFERENT when something differs */
  throwIfAny(): void {
    const { missing, extra, different } = this.#counts;
    const count = missing + extra + different;
    if (count > 0)
      throw new SyncError("DIFFERENT", count === 1 ? "one path differs" : `${count} paths differ`);
  }
}

/** How many paths differ, and how. */
export type DifferenceCounts = Record<(typeof words)[keyof typeof words], number>;

function noDifferences(): DifferenceCounts {
  return { missing: 0, extra: 0, different: 0 };
}

/** `different big: content at 4096+4096, time`: ranges as their offset and size in bytes. */
function describe(word: string, { path, kind, differs, ranges = [] }: TreeChange): string {
  const where = ranges.map(({ offset, size }: ByteRange) => `${offset}+${size}`).join(" ");
  const facts = differs.map((fact) => (fact === "content" && where !== "" ? `content at ${where}` : fact));
  const name = `${escapeText(path)}${kind === "dir" ? "/" : ""}`;
  return facts.length === 0 ? `${word} ${name}` : `${word} ${name}: ${facts.join(", ")}`;
}
