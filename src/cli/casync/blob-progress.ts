import { type Report, progressPace } from "../report/report.ts";

/** Reports how many bytes are done, now and then. */
export function bytesTo(report: Report, totalBytes?: number): (doneBytes: number) => void {
  const isDue = progressPace();
  return (doneBytes) => {
    if (report.progress === undefined || !isDue()) return;
    report.progress({ doneBytes, newBytes: 0, ...(totalBytes !== undefined && { totalBytes }) });
  };
}
