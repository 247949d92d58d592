import { expect, test } from "vitest";
import type { Progress, Report } from "../../../src/cli/report/report.ts";
import { progressOfRun } from "../../../src/cli/report/session-progress.ts";
import type { SendProgress } from "../../../src/session/send.ts";

/** Where a sender stands when so much has travelled. */
function progressAt(wireSentBytes: number, wireReceivedBytes: number): SendProgress {
  const counts = { entries: 1, files: 1, chunks: 0, chunkBytes: 0, sentBytes: 0, troubles: 0, failed: 0 };
  return {
    type: "send",
    ...counts,
    currentName: new Uint8Array(0),
    currentSize: 0,
    currentOffset: 0,
    wireSentBytes,
    wireReceivedBytes,
  } as never;
}

function watch() {
  const seen: (number | "hidden")[] = [];
  const report = {
    progress: ({ wireBytes }: Progress) => void seen.push(wireBytes!),
    hideProgress: () => void seen.push("hidden"),
  } as Partial<Report> as Report;
  return { seen, report };
}

test("each connection of a run begins with nothing shown, until its own other end is heard", () => {
  const { seen, report } = watch();
  const { onConnect, onProgress } = progressOfRun(report);
  for (const [before, heardBytes] of [
    [0, 5],
    [5, 7],
  ] as const) {
    onConnect!();
    onProgress!(progressAt(20, before));
    onProgress!(progressAt(20, heardBytes));
  }
  expect(seen).toEqual(["hidden", 25, "hidden", 27]);
});
