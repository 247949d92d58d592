import { SyncError } from "../../errors.ts";
import type { ReceiveSummary } from "../../session/receive.ts";
import type { SendSummary } from "../../session/send.ts";
import type { ByteRange, TreeChange } from "../../tree/entry/entry.ts";
import type { RunReportOptions } from "./change-report.ts";
import { escapeText } from "./escaped-text.ts";
import type { Report } from "./report.ts";
import { progressOfRun } from "./session-progress.ts";
import { reportSession } from "./session-report.ts";

/** What is said of a path that would be changed. */
const words = { new: "missing", deleted: "extra", changed: "different", touched: "different" } as const;

/** Reports how a tree differs from another one, and how the comparison ended. */
export class DifferenceReport {
  readonly #report: Report;
  #counts = noDifferences();

  constructor(report: Report) {
    this.#report = report;
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
      onChange: (change) => {
        const word = words[change.change];
        this.#counts[word]++;
        const { path, kind, size, differs, ranges } = change;
        this.#report.result("difference", describe(word, change), {
          difference: word,
          path,
          kind,
          size,
          differs,
          ranges,
        });
      },
      onTrouble: (error) => this.#report.trouble(error),
    };
  }

  /**
   * Reports how the comparison ended.
   *
   * @throws PARTIAL when something could not be compared, DIFFERENT when something differs
   */
  end(session: SendSummary | ReceiveSummary): void {
    const differences = this.#counts;
    reportSession(this.#report, "checked", session, { differences });
    const count = differences.missing + differences.extra + differences.different;
    if (count > 0)
      throw new SyncError("DIFFERENT", count === 1 ? "one path differs" : `${count} paths differ`);
  }
}

function noDifferences(): Record<(typeof words)[keyof typeof words], number> {
  return { missing: 0, extra: 0, different: 0 };
}

/** `different big: content at 4096+4096, time`: ranges as their offset and size in bytes. */
function describe(word: string, { path, kind, differs, ranges = [] }: TreeChange): string {
  const where = ranges.map(({ offset, size }: ByteRange) => `${offset}+${size}`).join(" ");
  const facts = differs.map((fact) => (fact === "content" && where !== "" ? `content at ${where}` : fact));
  const name = `${escapeText(path)}${kind === "dir" ? "/" : ""}`;
  return facts.length === 0 ? `${word} ${name}` : `${word} ${name}: ${facts.join(", ")}`;
}
