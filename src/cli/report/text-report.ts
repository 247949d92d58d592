import { messageOf, type SyncError } from "../../errors.ts";
import type { TreeChange } from "../../tree/entry/entry.ts";
import type { FormatChange } from "./change-format.ts";
import { escapeText } from "../../bytes/escaped-text.ts";
import type { FileProgress } from "./file-progress.ts";
import { formatBytes } from "./formatted-bytes.ts";
import { LiveProgress } from "./live-progress.ts";
import { type Progress, type Report, reusedBytesOf, type Summary } from "./report.ts";
import { describeStatistics } from "./statistics.ts";
import { countOf } from "./count-of.ts";

/** How much is said, and where. */
export interface TextReportOptions {
  /** Failures only. */
  readonly quiet: boolean;
  /** Causes of failures, and every figure. */
  readonly verbose: boolean;
  readonly color: boolean;
  /** Columns of the terminal now, where there is one: then lines can be written over. */
  readonly columns?: () => number;
  /** True to show progress. */
  readonly progress: boolean;
  /** How changes are told, and where; as words, with all else, unless given. */
  readonly changes?: { readonly format: FormatChange; readonly write: (text: string) => void };
  /** True to tell of each file how fast it comes, and behind its change how fast it came. */
  readonly files?: FileProgress | undefined;
  /** True to end with all figures, one a line. */
  readonly stats?: boolean;
  /** What to say after a command line that makes no sense. */
  readonly usage?: string;
  readonly write: (text: string) => void;
  /** Where results go; with all else unless given. */
  readonly writeResult?: (text: string) => void;
}

const summaryColumns = 80;
const colors = { red: "\x1b[31m", yellow: "\x1b[33m", none: "\x1b[39m" };

/** Reports for people: one line that is written over while it goes on, and lines that stay. */
export function textReport(options: TextReportOptions): Report {
  const {
    quiet,
    verbose,
    color,
    columns,
    changes,
    files,
    stats = false,
    usage,
    write,
    writeResult = write,
  } = options;
  const live = new LiveProgress({
    write,
    columns,
    isDrawn: (options.progress || files !== undefined) && !quiet,
    describe: files?.describe,
  });

  function print(line: string): void {
    live.clear();
    write(`${line}\n`);
  }

  function paint(format: "red" | "yellow", text: string): string {
    return color ? `${colors[format]}${text}${colors.none}` : text;
  }

  function tell(change: TreeChange): void {
    if (!changes) return print(describeChange(change));
    live.clear();
    changes.write(`${changes.format(change)}\n`);
  }

  function tellReceived(change: TreeChange): void {
    tell(change);
    const line = files?.lineFor(change);
    if (line !== undefined) changes?.write(`${line}\n`);
  }

  return {
    progress(now) {
      live.update(now);
      files?.update(now);
    },
    hideProgress: () => live.hide(),
    trouble(error) {
      if (error.code !== "SKIPPED") print(`${paint("yellow", "rsync-stream:")} ${describeError(error)}`);
      else if (!quiet) print(`rsync-stream: ${describeError(error)}`);
    },
    change: tell,
    ...((verbose || changes) && !quiet && { received: tellReceived, deleted: tell }),
    result(_, line) {
      if (quiet) return;
      live.clear();
      writeResult(`${line}\n`);
    },
    notice(text) {
      if (!quiet) print(`rsync-stream: ${escapeText(text)}`);
    },
    summary(summary) {
      live.end();
      if (stats) print(describeStatistics(summary));
      if (!quiet) print(breakLine(describeSummary(summary, verbose), columns?.()));
    },
    failure(error) {
      live.end();
      print(`${paint("red", "rsync-stream:")} ${describeError(error)}`);
      if (verbose) for (const cause of causesOf(error)) print(`  because ${escapeText(cause)}`);
      if (usage !== undefined && error.code === "USAGE" && !error.remote) print(usage);
    },
    status: () => live.tell(),
  };
}

/** An error in one line, its path first. */
export function describeError({ code, message, detail, remote }: SyncError): string {
  const place = [detail.path === undefined ? "" : detail.path || ".", detail.bucket ?? ""];
  const where = place.filter((part) => part !== "").join(" at ");
  return escapeText(`${remote ? "other end: " : ""}${where}${where && ": "}${message} (${code})`);
}

function describeChange({ change, path, kind }: TreeChange): string {
  return `${change} ${escapeText(path)}${kind === "dir" ? "/" : ""}`;
}

function* causesOf({ cause }: Error): Generator<string> {
  for (let at = cause; at instanceof Error; at = at.cause) yield messageOf(at);
}

/**
 * On a terminal a summary is broken between two of its figures; elsewhere programs read it, a line
 * at a time.
 */
function breakLine(line: string, columns: number | undefined): string {
  if (columns === undefined) return line;
  const lines: string[] = [];
  for (const part of line.split(/(?<=,) /)) {
    const longer = `${lines.at(-1) ?? ""} ${part}`;
    if (lines.length > 0 && longer.length <= Math.min(columns, summaryColumns)) lines.splice(-1, 1, longer);
    else lines.push(lines.length === 0 ? part : `  ${part}`);
  }
  return lines.join("\n");
}

function describeSummary(summary: Summary, verbose: boolean): string {
  const { action, wireBytes, entries, failedEntries, skippedEntries, deletedEntries, missingBytes, digest } =
    summary;
  const parts = [
    ...(entries === undefined ? [] : [countOf(entries, "entry", "entries")]),
    ...describeWork(summary),
    ...(wireBytes === undefined ? [] : [`${formatBytes(wireBytes)} on the wire`]),
    ...(deletedEntries === undefined ? [] : [`${deletedEntries} deleted`]),
    ...(skippedEntries ? [`${skippedEntries} skipped`] : []),
    ...(failedEntries ? [`${failedEntries} failed`] : []),
    ...(missingBytes ? [`${formatBytes(missingBytes)} to come from others`] : []),
    `${(performance.now() / 1000).toFixed(2)} s`,
    ...(verbose && digest !== undefined ? [`session ${digest}`] : []),
  ];
  return `${action}: ${parts.join(", ")}`;
}

function describeWork(summary: Summary): string[] {
  const { action, doneBytes, files, changes, changedBytes = 0, differences } = summary;
  if (changes !== undefined) {
    const counts = Object.entries(changes).map(([change, count]) => `${count} ${change}`);
    return [...counts, `${formatBytes(changedBytes)} new or changed`];
  }
  if (differences !== undefined)
    return Object.entries(differences).map(([difference, count]) => `${count} ${difference}`);
  const counts = files === undefined ? [] : [countOf(files, "file")];
  if (action === "listed" || action === "checked") return [...counts, formatBytes(doneBytes)];
  return [...counts.map((count) => `${count} read`), ...describeSavings(summary)];
}

function describeSavings(progress: Progress): string[] {
  const { doneBytes, newBytes } = progress;
  const reusedBytes = reusedBytesOf(progress);
  const saved = doneBytes === 0 ? 0 : (100 * reusedBytes) / doneBytes;
  return [`${formatBytes(newBytes)} new`, `${formatBytes(reusedBytes)} reused (${saved.toFixed(1)} % saved)`];
}
