import { decodeByteText } from "../../bytes/byte-text.ts";
import { settledBytesOf } from "../../session/outlook.ts";
import type { ReceiveProgress } from "../../session/receive.ts";
import type { SendProgress } from "../../session/send.ts";
import type { Progress, Report } from "./report.ts";

type SessionProgress = SendProgress | ReceiveProgress;

/** The option of a session by which it tells where it stands. */
interface ProgressOption {
  readonly onProgress?: (session: SessionProgress) => void;
}

/** Those of a run, which also tells when it connects. */
export interface RunProgressOptions extends ProgressOption {
  readonly onConnect?: () => void;
}

/** The option of a session that lets a report show where it stands. */
export function progressTo(report: Report): Required<ProgressOption> {
  return { onProgress: (session) => report.progress(progressOf(session)) };
}

/**
 * The options of a run that do the same, for each of its connections from when the other end is
 * heard: whatever connects may ask for a password on the terminal first, and a line of progress
 * would write over that.
 */
export function progressOfRun(report: Report): Required<RunProgressOptions> {
  let heardBytes = 0;
  let heardBeforeBytes = 0;
  return {
    onConnect() {
      heardBeforeBytes = heardBytes;
      report.hideProgress();
    },
    onProgress(session) {
      heardBytes = session.wireReceivedBytes;
      if (heardBytes > heardBeforeBytes) report.progress(progressOf(session));
    },
  };
}

function progressOf(session: SessionProgress): Progress {
  const totals = totalsOf(session);
  return {
    ...totals,
    doneBytes: settledBytesOf(session, totals.newBytes, session.reusedBytes),
    totalFiles: session.wantedFiles,
    ...(session.listed && { totalBytes: session.wantedBytes }),
    name: decodeByteText(session.currentName),
    file: { size: session.currentSize, offset: session.currentOffset },
  };
}

/** What has been done, and what travelled for it. */
export function totalsOf(session: SessionProgress): Progress {
  return {
    entries: session.entries + session.sameEntries,
    files: session.files,
    doneBytes: session.chunkBytes,
    newBytes: session.type === "send" ? session.sentBytes : session.receivedBytes,
    reusedBytes: Math.max(0, session.reusedBytes),
    wireBytes: session.wireSentBytes + session.wireReceivedBytes,
  };
}
