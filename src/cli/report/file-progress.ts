import type { TreeChange } from "../../tree/entry/entry.ts";
import { shortenMiddle } from "./display-width.ts";
import { escapeText } from "../../bytes/escaped-text.ts";
import { progressLine } from "./progress-line.ts";
import type { Progress } from "./report.ts";

const rateUnits = ["kB/s", "MB/s", "GB/s", "TB/s"];

/** Beyond that nobody waits. */
const longestSeconds = 100 * 3600;

/**
 * The lines that rsync's `--progress` has behind the name of each file whose content came: its
 * bytes, how fast it came, how long that took, how many came until now, and how many are to come.
 */
export class FileProgress {
  readonly #nowMs: () => number;
  #latest: Progress | undefined;
  #count = 0;
  #sinceMs: number;

  /** @param nowMs milliseconds since any moment */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#sinceMs = nowMs();
  }

  /** Takes note of how far the transfer is. */
  update(progress: Progress): void {
    this.#latest = progress;
  }

  /**
   * The line of a file while it runs, in rsync's form: its bytes until now, how much of it that is,
   * how fast content goes through, how long the rest takes; and its name. The whole has a line as
   * long as no file does.
   */
  describe(this: void, progress: Progress, rateBytes: number, columns: number): string {
    const { file, name = "" } = progress;
    if (!file || file.size === 0) return progressLine(progress, rateBytes, columns);
    const { offset, size } = file;
    const percent = `${Math.min(100, Math.floor((100 * offset) / size))}%`;
    const seconds = Math.ceil((size - offset) / rateBytes);
    const left = seconds < longestSeconds ? timeText(seconds) : "??:??:??";
    const line = `${figures(offset, percent, rateBytes, left)}  `;
    return shortenMiddle(
      `${line}${shortenMiddle(escapeText(name), Math.max(1, columns - line.length))}`,
      columns,
    );
  }

  /** The line for a change that was made; undefined for one that brought no content. */
  lineFor({ change, kind, linkedTo, size }: TreeChange): string | undefined {
    if (kind !== "file" || linkedTo !== undefined || (change !== "new" && change !== "changed"))
      return undefined;
    const nowMs = this.#nowMs();
    const seconds = (nowMs - this.#sinceMs) / 1000;
    this.#sinceMs = nowMs;
    this.#count += 1;
    const rateBytes = size / Math.max(seconds, 0.001);
    return `${figures(size, "100%", rateBytes, timeText(Math.floor(seconds)))} (xfr#${this.#count}, ${this.#describeRest()})`;
  }

  /** As in rsync, another word is there as long as more may be found at the source. */
  #describeRest(): string {
    const { totalBytes, totalFiles = 0 } = this.#latest ?? {};
    const total = Math.max(totalFiles, this.#count);
    return `${totalBytes === undefined ? "ir" : "to"}-chk=${total - this.#count}/${total}`;
  }
}

function figures(bytes: number, percent: string, rateBytes: number, time: string): string {
  return [
    grouped(bytes).padStart(15),
    percent.padStart(4),
    rateText(rateBytes).padStart(11),
    time.padStart(10),
  ].join(" ");
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** In powers of 1024, as in rsync. */
function rateText(bytesPerSecond: number): string {
  let value = bytesPerSecond / 1024;
  let unit = 0;
  for (; value >= 1024 && unit < rateUnits.length - 1; unit++) value /= 1024;
  return `${value.toFixed(2)}${rateUnits[unit]}`;
}

function timeText(seconds: number): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
