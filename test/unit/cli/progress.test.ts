import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { widthOf } from "../../../src/cli/report/display-width.ts";
import { progressLine } from "../../../src/cli/report/progress-line.ts";
import { RecentRate } from "../../../src/bytes/recent-rate.ts";
import { textReport, type TextReportOptions } from "../../../src/cli/report/text-report.ts";
import { SyncError } from "../../../src/errors.ts";

const half = {
  doneBytes: 500e6,
  totalBytes: 1e9,
  newBytes: 1,
  files: 3,
  totalFiles: 10,
  name: "picture.jpg",
};
const { totalBytes: _, ...unlisted } = half;

describe("a line of progress", () => {
  it.each([
    ["once the list is complete", half, 10e6, "50 %  500 MB  10.0 MB/s  0:50 left  3/10 files  picture.jpg"],
    ["before it is", unlisted, 10e6, "500 MB  10.0 MB/s  3/10+ files  picture.jpg"],
    ["when nothing moves", half, 0, "50 %  500 MB  0 bytes/s  -:-- left  3/10 files  picture.jpg"],
    [
      "of which the last byte is missing",
      { doneBytes: 999, totalBytes: 1000, newBytes: 1 },
      1,
      "99 %  999 bytes  1 bytes/s  0:01 left",
    ],
    ["of hours", half, 1e5, "50 %  500 MB  100 kB/s  1:23:20 left  3/10 files  picture.jpg"],
    ["of years", half, 1, "50 %  500 MB  1 bytes/s  -:-- left  3/10 files  picture.jpg"],
    ["of one file", { doneBytes: 5, totalBytes: 10, newBytes: 5 }, 5, "50 %  5 bytes  5 bytes/s  0:01 left"],
    [
      "of a file that grew",
      { doneBytes: 50, totalBytes: 10, newBytes: 5 },
      5,
      "100 %  50 bytes  5 bytes/s  0:00 left",
    ],
    [
      "of empty files",
      { ...half, doneBytes: 0, totalBytes: 0 },
      0,
      "30 %  0 bytes  0 bytes/s  0:00 left  3/10 files  picture.jpg",
    ],
    [
      "of nothing",
      { ...half, doneBytes: 0, totalBytes: 0, files: 0, totalFiles: 0, name: "" },
      0,
      "100 %  0 bytes  0 bytes/s  0:00 left  0/0 files",
    ],
    [
      "of a name that moves the cursor",
      { ...half, name: "a\u001b[2Jb\n" },
      10e6,
      "50 %  500 MB  10.0 MB/s  0:50 left  3/10 files  a\\x1b[2Jb\\x0a",
    ],
  ])("%s", (_case, progress, rate, line) => {
    expect(progressLine(progress, rate, 79)).toBe(line);
  });

  it.each([
    [40, "50 %  500 MB  10.0 MB/s  0:50 left"],
    [30, "50 %  10.0 MB/s  0:50 left"],
    [20, "50 %  0:50 left"],
    [10, "50 %"],
    [3, ""],
  ])("of %i columns has the figures that count most, each whole", (columns, line) => {
    expect(progressLine(half, 10e6, columns)).toBe(line);
  });

  it("has the columns that there are at most, for any figures and names", () => {
    const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    const facts = fc.record({
      doneBytes: count,
      totalBytes: count,
      newBytes: count,
      files: count,
      totalFiles: count,
      name: fc.string({ unit: "binary", maxLength: 300 }),
    });
    fc.assert(
      fc.property(
        facts,
        fc.nat({ max: 1e12 }),
        fc.integer({ min: 0, max: 79 }),
        (progress, rate, columns) => {
          const line = progressLine(progress, rate, columns);
          expect(widthOf(line)).toBeLessThanOrEqual(columns);
          expect(line).not.toMatch(/[\0-\x1f\x7f-\x9f]/);
        },
      ),
    );
  });
});

describe("a rate", () => {
  it("is that of the last five seconds", () => {
    const rate = new RecentRate();
    expect(rate.note(0, 0)).toBe(0);
    expect(rate.note(1000, 4000)).toBe(4000);
    for (let atMs = 2000; atMs <= 20_000; atMs += 1000) rate.note(atMs, 4000 + atMs - 1000);
    expect(rate.note(21_000, 24_000)).toBe(1000);
    for (let atMs = 22_000; atMs <= 25_000; atMs += 1000) rate.note(atMs, 24_000);
    expect(rate.note(26_000, 24_000)).toBe(0);
  });

  it("begins anew when what it measures does", () => {
    const rate = new RecentRate();
    rate.note(0, 1_000_000);
    expect(rate.note(1000, 0)).toBe(0);
    expect(rate.note(2000, 500)).toBe(500);
  });
});

describe("progress in a report", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function collect(options: Partial<TextReportOptions> = {}) {
    const written: string[] = [];
    const write = (more: string) => void written.push(more);
    const report = textReport({
      quiet: false,
      verbose: false,
      color: false,
      progress: true,
      write,
      ...options,
    });
    return { report, written };
  }

  it("is drawn over itself five times a second at most, also while nothing comes", () => {
    const { report, written } = collect({ columns: () => 100 });
    for (let i = 0; i < 1000; i++) {
      report.progress?.(half);
      vi.advanceTimersByTime(1);
    }
    expect(written.length).toBe(5);
    expect(written[0]).toBe("50 %  500 MB  0 bytes/s  -:-- left  3/10 files  picture.jpg");
    expect(written[1]).toBe(`\r\u001b[K${written[0]}`);
    vi.advanceTimersByTime(1000);
    expect(written.length).toBe(10);
  });

  it("tells who asks how fast it came since it began, in the columns that there are", () => {
    const { report, written } = collect({ progress: false, columns: () => 40 });
    report.progress?.({ ...half, doneBytes: 0 });
    vi.advanceTimersByTime(2000);
    report.progress?.(half);
    report.status();
    expect(written).toEqual(["50 %  500 MB  250 MB/s  0:02 left\n"]);
  });

  it("makes room for lines that stay, and ends with the last", () => {
    const { report, written } = collect({ columns: () => 100 });
    report.progress?.(half);
    vi.advanceTimersByTime(200);
    report.trouble(new SyncError("IO", "denied", { detail: { path: "a\nb" } }));
    expect(written.slice(1).join("")).toBe("\r\u001b[Krsync-stream: a\\x0ab: denied (IO)\n");
    report.failure(new SyncError("IO", "over"));
    const count = written.length;
    vi.advanceTimersByTime(10_000);
    expect([written.length, vi.getTimerCount()]).toEqual([count, 0]);
  });

  it("is hidden until there is more to show, whatever time passes", () => {
    const { report, written } = collect({ columns: () => 100 });
    report.progress?.(half);
    vi.advanceTimersByTime(200);
    report.hideProgress?.();
    const count = written.length;
    expect(written.at(-1)).toBe("\r\u001b[K");
    vi.advanceTimersByTime(60_000);
    expect(written.length).toBe(count);
    report.progress?.(half);
    vi.advanceTimersByTime(200);
    expect(written.at(-1)).toMatch(/^50 % /);
  });

  it("heeds that the terminal is resized", () => {
    let columns = 200;
    const { report, written } = collect({ columns: () => columns });
    report.progress?.({ ...half, name: "x".repeat(100) });
    vi.advanceTimersByTime(200);
    expect(written.at(-1)!.length).toBe(80);
    columns = 30;
    vi.advanceTimersByTime(200);
    const [, up, line] = /^\r\u001b\[(\d)A\u001b\[J(.*)$/.exec(written.at(-1)!)!;
    expect([up, line!.length <= 29]).toEqual(["2", true]);
  });

  it("is shown a line below another where nothing can be written over", () => {
    const { report, written } = collect();
    report.progress?.(half);
    vi.advanceTimersByTime(2000);
    expect(written).toEqual(Array(2).fill("50 %  500 MB  0 bytes/s  -:-- left  3/10 files  picture.jpg\n"));
  });

  it.each([{ quiet: true }, { progress: false }])("is not shown with %j", (options) => {
    const { report, written } = collect(options);
    report.progress?.(half);
    vi.advanceTimersByTime(2000);
    expect([written.length, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
