import type { SyncError } from "../errors.ts";
import { escapeText } from "./escaped-text.ts";
import { type Progress, progressPace, type Report, type Summary } from "./report.ts";

/** How much is said, and where. */
export interface TextReportOptions {
  /** Failures only. */
  readonly quiet: boolean;
  /** Causes of failures, and every figure. */
  readonly verbose: boolean;
  readonly color: boolean;
  /** True when lines can be written over. */
  readonly live: boolean;
  readonly write: (text: string) => void;
}

const clearLine = "\r\x1b[K";
const colors = { red: "\x1b[31m", yellow: "\x1b[33m", none: "\x1b[39m" };

/** Reports for people: one line that is written over while it goes on, and lines that stay. */
export function textReport({ quiet, verbose, color, live, write }: TextReportOptions): Report {
  const isDue = progressPace();
  let onLine = false;

  function print(line: string): void {
    write(`${onLine ? clearLine : ""}${line}\n`);
    onLine = false;
  }

  function paint(format: "red" | "yellow", text: string): string {
    return color ? `${colors[format]}${text}${colors.none}` : text;
  }

  return {
    progress(progress) {
      if (quiet || !live || !isDue()) return;
      write(`${clearLine}${describeProgress(progress)}`);
      onLine = true;
    },
    trouble: (error) => print(`${paint("yellow", "rsync-stream:")} ${describeError(error)}`),
    change: ({ change, path, kind }) => print(`${change} ${escapeText(path)}${kind === "dir" ? "/" : ""}`),
    notice(text) {
      if (!quiet) print(`rsync-stream: ${escapeText(text)}`);
    },
    summary(summary) {
      if (!quiet) print(describeSummary(summary, verbose));
      else if (onLine) write(clearLine);
    },
    failure(error) {
      print(`${paint("red", "rsync-stream:")} ${describeError(error)}`);
      if (verbose) for (const cause of causesOf(error)) print(`  because ${escapeText(cause)}`);
    },
  };
}

/** An error in one line, its path first. */
export function describeError({ code, message, detail, remote }: SyncError): string {
  const path = detail.path === undefined ? "" : `${detail.path}: `;
  return escapeText(`${remote ? "other end: " : ""}${path}${message} (${code})`);
}

function* causesOf({ cause }: Error): Generator<string> {
  for (let at = cause; at instanceof Error; at = at.cause) yield at.message;
}

function describeProgress({ doneBytes, totalBytes, newBytes, files }: Progress): string {
  const percent = totalBytes ? ` (${Math.floor((100 * doneBytes) / totalBytes)} %)` : "";
  const parts = [
    ...(files === undefined ? [] : [countOf(files, "file", "files")]),
    `${formatBytes(doneBytes)}${percent}`,
    `${formatBytes(newBytes)} new`,
    `${formatBytes((1000 * doneBytes) / performance.now())}/s`,
  ];
  return parts.join(", ");
}

function describeSummary(summary: Summary, verbose: boolean): string {
  const { action, wireBytes, entries, failedEntries, deletedEntries, digest } = summary;
  const parts = [
    ...(entries === undefined ? [] : [countOf(entries, "entry", "entries")]),
    ...describeWork(summary),
    ...(wireBytes === undefined ? [] : [`${formatBytes(wireBytes)} on the wire`]),
    ...(deletedEntries === undefined ? [] : [`${deletedEntries} deleted`]),
    ...(failedEntries ? [`${failedEntries} failed`] : []),
    `${(performance.now() / 1000).toFixed(2)} s`,
    ...(verbose && digest !== undefined ? [`session ${digest}`] : []),
  ];
  return `${action}: ${parts.join(", ")}`;
}

function describeWork(summary: Summary): string[] {
  const { action, doneBytes, files, changes } = summary;
  if (changes !== undefined) return Object.entries(changes).map(([change, count]) => `${count} ${change}`);
  const read = files === undefined ? [] : [`${countOf(files, "file", "files")} read`];
  return [...read, ...(action === "listed" ? [formatBytes(doneBytes)] : describeSavings(summary))];
}

function describeSavings({ doneBytes, newBytes }: Progress): string[] {
  const reusedBytes = doneBytes - newBytes;
  const saved = doneBytes === 0 ? 0 : (100 * reusedBytes) / doneBytes;
  return [`${formatBytes(newBytes)} new`, `${formatBytes(reusedBytes)} reused (${saved.toFixed(1)} % saved)`];
}

function countOf(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

const units = ["bytes", "kB", "MB", "GB", "TB", "PB"];

/** Bytes for people, in powers of 1000: `1.23 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
}
