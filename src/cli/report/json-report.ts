import { jsonText } from "../../bytes/escaped-text.ts";
import type { SyncError } from "../../errors.ts";
import type { TreeChange } from "../../tree/entry/entry.ts";
import { type Progress, progressPace, type Report, reusedBytesOf } from "./report.ts";

/** How much is said, and where. */
interface JsonReportOptions {
  /** Failures only. */
  readonly quiet: boolean;
  /** What was received, too. */
  readonly verbose: boolean;
  readonly write: (text: string) => void;
}

/** Reports for programs: one JSON object a line, told apart by `event`. */
export function jsonReport({ quiet, verbose, write }: JsonReportOptions): Report {
  const isDue = progressPace();

  function print(event: string, facts: object): void {
    write(`${jsonText({ event, ...facts, elapsedMs: Math.round(performance.now()) })}\n`);
  }

  let latest: Progress | undefined;

  function progress(now: Progress): void {
    latest = now;
    if (!quiet && isDue()) print("progress", now);
  }

  return {
    progress,
    hideProgress() {},
    ...(!quiet && { deleted: (change: TreeChange) => print("deleted", change) }),
    ...(!quiet && verbose && { received: (change: TreeChange) => print("received", change) }),
    trouble(error) {
      if (error.code !== "SKIPPED") print("trouble", factsOf(error));
      else if (!quiet) print("skipped", factsOf(error));
    },
    change: (change) => print("change", change),
    result: (event, _, facts) => print(event, facts),
    notice(message, facts) {
      if (!quiet) print("notice", { message, ...facts });
    },
    summary(summary) {
      if (!quiet) print("summary", { ...summary, reusedBytes: reusedBytesOf(summary) });
    },
    status: () => print("progress", latest ?? {}),
    failure: (error) => print("failure", factsOf(error)),
  };
}

function factsOf({ code, message, detail, remote }: SyncError): object {
  return { code, message, remote, ...detail };
}
