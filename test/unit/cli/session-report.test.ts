import { expect, it } from "vitest";
import type { Summary } from "../../../src/cli/report/report.ts";
import { reportSession } from "../../../src/cli/report/session-report.ts";

const received = {
  type: "receive",
  listed: true,
  wantedFiles: 1,
  wantedBytes: 0,
  currentName: new Uint8Array(0),
  currentSize: 0,
  currentOffset: 0,
  entries: 3,
  sameEntries: 0,
  files: 1,
  finishedBytes: 0,
  chunkBytes: 0,
  deleted: 0,
  missingBytes: 0,
  skipped: 0,
  receivedBytes: 0,
  reusedBytes: 0,
  wireSentBytes: 0,
  wireReceivedBytes: 0,
  digest: new Uint8Array(32),
  frames: { sent: {}, received: {} },
} as const;

it("counts an entry once that failed at the sender and so at the receiver", () => {
  const summaries: Summary[] = [];
  const report = {
    progress: () => {},
    trouble: () => {},
    notice: () => {},
    change: () => {},
    result: () => {},
    hideProgress: () => {},
    status: () => {},
    failure: () => {},
    summary: (summary: Summary) => void summaries.push(summary),
  };
  const session = { ...received, failed: 2, failedAtSender: 1, troubles: 3 };
  expect(() => reportSession(report, "received", session)).toThrow("all is done but for 4 entries");
  expect(summaries).toMatchObject([{ failedEntries: 4 }]);
});
