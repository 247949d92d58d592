import { describe, expect, it } from "vitest";
import { formatBytes, textReport, type TextReportOptions } from "../../../src/cli/text-report.ts";
import { SyncError } from "../../../src/errors.ts";

function collect(options: Partial<TextReportOptions> = {}) {
  let text = "";
  const write = (more: string) => void (text += more);
  const report = textReport({ quiet: false, verbose: false, color: false, live: true, write, ...options });
  return { report, text: () => text };
}

const progress = { doneBytes: 500, totalBytes: 1000, newBytes: 100, files: 1 };
const summary = {
  action: "sent",
  doneBytes: 1000,
  newBytes: 250,
  entries: 2,
  files: 1,
  wireBytes: 300,
} as const;
const trouble = new SyncError("IO", "EACCES: permission denied", { detail: { path: "a\nb" } });

describe("a report in text", () => {
  it("writes progress over itself, and lines that stay over progress", () => {
    const { report, text } = collect();
    report.progress(progress);
    expect(text()).toMatch(/^\r\u001b\[K1 file, 500 bytes \(50 %\), 100 bytes new, .*\/s$/);
    report.trouble(trouble);
    expect(text()).toMatch(/\/s\r\u001b\[Krsync-stream: a\\x0ab: EACCES: permission denied \(IO\)\n$/);
  });

  it("shows progress five times a second at most", () => {
    const { report, text } = collect();
    for (let i = 0; i < 1000; i++) report.progress(progress);
    expect(text().split("\r").length - 1).toBeLessThan(5);
  });

  it("shows no progress where lines cannot be written over", () => {
    const { report, text } = collect({ live: false });
    report.progress(progress);
    expect(text()).toBe("");
  });

  it("sums up", () => {
    const { report, text } = collect({ live: false });
    report.summary(summary);
    expect(text()).toMatch(
      /^sent: 2 entries, 1 file read, 250 bytes new, 750 bytes reused \(75\.0 % saved\), 300 bytes on the wire, [\d.]+ s\n$/,
    );
  });

  it("tells failures only when quiet", () => {
    const { report, text } = collect({ quiet: true });
    report.progress(progress);
    report.summary(summary);
    expect(text()).toBe("");
    report.failure(new SyncError("LIMIT", "too much", { remote: true }));
    expect(text()).toBe("rsync-stream: other end: too much (LIMIT)\n");
  });

  it("tells causes when verbose", () => {
    const { report, text } = collect({ verbose: true });
    report.failure(new SyncError("IO", "outer", { cause: new Error("inner\u001b") }));
    expect(text()).toBe("rsync-stream: outer (IO)\n  because inner\\x1b\n");
  });
});

it.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1000, "1.00 kB"],
  [999_499, "999 kB"],
  [999_500, "1.00 MB"],
  [1_234_567, "1.23 MB"],
  [5e15, "5.00 PB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
