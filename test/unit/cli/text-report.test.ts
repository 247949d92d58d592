import { describe, expect, it } from "vitest";
import { formatBytes } from "../../../src/cli/report/formatted-bytes.ts";
import { describeStatistics } from "../../../src/cli/report/statistics.ts";
import { textReport, type TextReportOptions } from "../../../src/cli/report/text-report.ts";
import { SyncError } from "../../../src/errors.ts";

function collect(options: Partial<TextReportOptions> = {}) {
  let text = "";
  const write = (more: string) => void (text += more);
  const report = textReport({
    quiet: false,
    verbose: false,
    color: false,
    progress: false,
    write,
    ...options,
  });
  return { report, text: () => text };
}

const summary = {
  action: "sent",
  doneBytes: 1000,
  newBytes: 250,
  entries: 2,
  files: 1,
  wireBytes: 300,
} as const;
describe("a report in text", () => {
  it("sums up", () => {
    const { report, text } = collect();
    report.summary(summary);
    expect(text()).toMatch(
      /^sent: 2 entries, 1 file read, 250 bytes new, 750 bytes reused \(75\.0 % saved\), 300 bytes on the wire, [\d.]+ s\n$/,
    );
  });

  it("sums up what was listed or checked, of which nothing is new", () => {
    const { report, text } = collect();
    report.summary({ ...summary, action: "listed" });
    report.summary({ action: "checked", entries: 2, doneBytes: 1000, newBytes: 0 });
    expect(text()).toMatch(
      /^listed: 2 entries, 1 file, 1.00 kB, 300 bytes on the wire, [\d.]+ s\nchecked: 2 entries, 1.00 kB, [\d.]+ s\n$/,
    );
  });

  it("tells that nothing was used again when content came more than once", () => {
    const { report, text } = collect();
    report.summary({ ...summary, newBytes: 1200 });
    expect(text()).toContain("1.20 kB new, 0 bytes reused (0.0 % saved)");
    expect(describeStatistics({ ...summary, newBytes: 1200 })).toContain("used again: 0\n");
  });

  it("breaks what it sums up where the terminal is no wider", () => {
    for (const columns of [40, 60, 80, 200]) {
      const { report, text } = collect({ columns: () => columns });
      report.summary(summary);
      const lines = text().trimEnd().split("\n");
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.min(columns, 80));
      expect(lines.map((line) => line.trim()).join(" ")).toMatch(
        /^sent: 2 entries, .* on the wire, [\d.]+ s$/,
      );
    }
  });

  it("tells failures only when quiet", () => {
    const { report, text } = collect({ quiet: true });
    report.summary(summary);
    expect(text()).toBe("");
    report.failure(new SyncError("LIMIT", "too much", { remote: true }));
    expect(text()).toBe("rsync-stream: other end: too much (LIMIT)\n");
  });

  it.each([
    [{}, []],
    [{ verbose: true }, ["received", "deleted"]],
    [{ quiet: true, verbose: true, progress: true }, []],
  ])("asks only for what it shows: %j", (options, asked) => {
    const { report } = collect(options);
    const { received, deleted } = report;
    const shown = Object.entries({ received, deleted }).filter(([, tell]) => tell !== undefined);
    expect(shown.map(([name]) => name)).toEqual(asked);
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
