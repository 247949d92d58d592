import { shortenMiddle, widthOf } from "./display-width.ts";
import { escapeText } from "../../bytes/escaped-text.ts";
import { formatBytes } from "./formatted-bytes.ts";
import type { Progress } from "./report.ts";
import { countOf } from "./count-of.ts";

/** With less room than that a name says nothing. */
const leastNameColumns = 12;
/** Beyond a hundred hours nobody waits. */
const longestSeconds = 360_000;

/** A figure of the line. */
interface Part {
  readonly text: string;
  /** Of those that do not fit side by side the least gives way. */
  readonly weight: number;
}

/**
 * One line on how far a command is, in so many columns at most: percent and time left once it is
 * known how much there is to do, the rate, the files, and the name of the one under way.
 *
 * @param rateBytes content gone through in a second, lately
 */
export function progressLine(progress: Progress, rateBytes: number, columns: number): string {
  const { doneBytes, totalBytes, name } = progress;
  const known = totalBytes !== undefined;
  const parts: readonly Part[] = [
    ...(known ? [{ text: `${percentOf(progress)} %`, weight: 5 }] : []),
    { text: formatBytes(doneBytes), weight: 2 },
    { text: `${formatBytes(rateBytes)}/s`, weight: 3 },
    ...(known ? [{ text: `${timeLeft(totalBytes - doneBytes, rateBytes)} left`, weight: 4 }] : []),
    ...describeFiles(progress).map((text) => ({ text, weight: 1 })),
  ];
  const line = joinFitting(parts, columns);
  const room = columns - widthOf(line) - 2;
  if (name === undefined || name === "" || room < leastNameColumns) return line;
  return `${line}  ${shortenMiddle(escapeText(name), room)}`;
}

function joinFitting(parts: readonly Part[], columns: number): string {
  const line = parts.map(({ text }) => text).join("  ");
  if (parts.length === 1 || widthOf(line) <= columns) return shortenMiddle(line, columns);
  const least = Math.min(...parts.map(({ weight }) => weight));
  return joinFitting(
    parts.filter(({ weight }) => weight > least),
    columns,
  );
}

/** Of what takes no bytes the files are counted. It is 100 only when all is done. */
function percentOf({ doneBytes, totalBytes = 0, files = 0, totalFiles = 0 }: Progress): number {
  const [done, total] = totalBytes > 0 ? [doneBytes, totalBytes] : [files, totalFiles];
  return total === 0 ? 100 : Math.min(100, Math.floor((100 * done) / total));
}

function timeLeft(leftBytes: number, rateBytes: number): string {
  const seconds = leftBytes <= 0 ? 0 : Math.ceil(leftBytes / rateBytes);
  if (!(seconds < longestSeconds)) return "-:--";
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const ending = `${seconds % 60}`.padStart(2, "0");
  return hours === 0 ? `${minutes}:${ending}` : `${hours}:${`${minutes}`.padStart(2, "0")}:${ending}`;
}

function describeFiles({ files, totalFiles, totalBytes }: Progress): string[] {
  if (files === undefined) return [];
  const more = totalBytes === undefined ? "+" : "";
  return [totalFiles === undefined ? countOf(files, "file") : `${files}/${totalFiles}${more} files`];
}
