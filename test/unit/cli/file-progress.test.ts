import { expect, test } from "vitest";
import { FileProgress } from "../../../src/cli/report/file-progress.ts";
import type { TreeChange } from "../../../src/tree/entry/entry.ts";

const change = (name: string, more: Partial<TreeChange> = {}): TreeChange => ({
  change: "new",
  path: name,
  kind: "file",
  size: 0,
  differs: [],
  ...more,
});

test("each file that came has a line in rsync's form", () => {
  let nowMs = 50;
  const progress = new FileProgress(() => nowMs);
  const lineAfter = (passedMs: number, more: Partial<TreeChange>): string | undefined => {
    nowMs += passedMs;
    return progress.lineFor(change("a", more));
  };
  expect(lineAfter(1000, { size: 1024 })).toBe(
    "          1,024 100%    1.00kB/s    0:00:01 (xfr#1, ir-chk=0/1)",
  );
  progress.update({ doneBytes: 0, newBytes: 0, totalFiles: 4, totalBytes: 9 });
  expect(lineAfter(3_723_000, { change: "changed", size: 12_345_678_901 })).toBe(
    " 12,345,678,901 100%    3.16MB/s    1:02:03 (xfr#2, to-chk=2/4)",
  );
  expect(lineAfter(0, {})).toBe("              0 100%    0.00kB/s    0:00:00 (xfr#3, to-chk=1/4)");
});

test("what brought no content has none", () => {
  const progress = new FileProgress();
  for (const more of [
    { change: "touched" },
    { change: "deleted" },
    { kind: "dir" },
    { kind: "symlink" },
    { linkedTo: "b" },
  ] as const)
    expect(progress.lineFor(change("a", more))).toBeUndefined();
  expect(progress.lineFor(change("a"))).toContain("xfr#1,");
});

test("a file that runs has a line in rsync's form, in as many columns as there are", () => {
  const at = (offset: number, size: number, rateBytes: number, columns = 80): string =>
    new FileProgress().describe(
      { doneBytes: 5, newBytes: 0, name: "video\n.mp4", file: { size, offset } },
      rateBytes,
      columns,
    );
  expect(at(1_048_576, 10_485_760, 1024 * 1024)).toBe(
    "      1,048,576  10%    1.00MB/s    0:00:09  video\\x0a.mp4",
  );
  expect(at(1, 2, 0)).toBe("              1  50%    0.00kB/s   ??:??:??  video\\x0a.mp4");
  expect(at(1, 2, 0, 50)).toBe("              1  50%    0.00kB/s   ??:??:??  v...4");
  expect(at(0, 0, 7)).toBe("5 bytes  7 bytes/s  video\\x0a.mp4");
});
