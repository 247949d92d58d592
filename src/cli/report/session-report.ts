import { toHex } from "../../bytes/hex.ts";
import { SyncError } from "../../errors.ts";
import { countFailed } from "../../transfer/failed-entries.node.ts";
import type { ReceiveSummary } from "../../session/receive.ts";
import type { SendSummary } from "../../session/send.ts";
import type { Progress, Report, Summary } from "./report.ts";
import { totalsOf } from "./session-progress.ts";

/**
 * Reports how a session ended.
 *
 * @throws PARTIAL when some entries failed, at either end
 */
export function reportSession(
  report: Report,
  action: Summary["action"],
  session: SendSummary | ReceiveSummary,
  more: Pick<Summary, "changedBytes" | "changes" | "deletedEntries" | "differences"> & Partial<Progress> = {},
): void {
  const failedEntries = countFailed(session);
  const digest = toHex(session.digest);
  const { frames, missingBytes, skipped } = session;
  report.summary({
    action,
    ...totalsOf(session),
    failedEntries,
    ...(skipped > 0 && { skippedEntries: skipped }),
    ...(missingBytes > 0 && { missingBytes }),
    ...more,
    digest,
    frames,
  });
  if (failedEntries === 0) return;
  const what = failedEntries === 1 ? "one entry" : `${failedEntries} entries`;
  throw new SyncError("PARTIAL", `all is done but for ${what}`);
}
