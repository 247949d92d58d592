import { reusedBytesOf, type Summary } from "./report.ts";

type Row = readonly [label: string, count: number | undefined];

/** All figures of a summary, one a line; sizes in bytes. */
export function describeStatistics(summary: Summary): string {
  const { action, entries, files, doneBytes, newBytes, wireBytes } = summary;
  const { changes, changedBytes, deletedEntries, failedEntries, skippedEntries, missingBytes, frames } =
    summary;
  const rows: readonly Row[] = [
    ["Entries", entries],
    ...Object.entries(changes ?? {}).map(([change, count]): Row => [`Paths that would be ${change}`, count]),
    ["Bytes of files that would be new or changed", changedBytes],
    ["Files read", files],
    ["Deleted entries", deletedEntries],
    ["Failed entries", failedEntries],
    ["Skipped entries", skippedEntries],
    ["Bytes to come from others", missingBytes],
    ["Content gone through", doneBytes],
    [`Content ${action}`, newBytes],
    ["Content used again", reusedBytesOf(summary)],
    ["Bytes on the wire", wireBytes],
    ...Object.entries(frames ?? {}).flatMap(([way, types]) =>
      Object.entries(types as Record<string, number>).map(([type, bytes]): Row => [
        `  ${type} ${way}`,
        bytes,
      ]),
    ),
  ];
  return rows
    .filter(([, count]) => count !== undefined)
    .map(([label, count]) => `${label}: ${count!.toLocaleString("en-US")}`)
    .join("\n");
}
