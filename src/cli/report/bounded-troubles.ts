import { override } from "../../bytes/override.ts";
import { sessionLimits } from "../../session/limits.ts";
import type { Report } from "./report.ts";

/**
 * The same report, in which the other end cannot fill the screen: of its troubles the first are
 * told, the others counted.
 */
export function boundRemoteTroubles(report: Report): Report {
  const limit = sessionLimits.keptTroubleCount;
  let count = 0;

  function tellHidden(): void {
    if (count > limit) {
      report.notice(`${count - limit} more troubles of the other end are not shown`, {
        hidden: count - limit,
      });
    }
  }

  return override(report, {
    trouble(error) {
      if (error.remote) count += 1;
      if (!error.remote || count <= limit) report.trouble(error);
    },
    summary(summary) {
      tellHidden();
      report.summary(summary);
    },
    failure(error) {
      if (error.code !== "PARTIAL") tellHidden(); // otherwise the summary has told
      report.failure(error);
    },
  });
}
