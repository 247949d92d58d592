import { isatty } from "node:tty";
import { RecentRate } from "../../bytes/recent-rate.ts";
import { TextOutput } from "../report/text-output.ts";

/** How far a command is. */
export interface DesyncProgress extends Disposable {
  /** Takes note of how many bytes are done. */
  update(doneBytes: number): void;
}

/** How progress is shown. */
interface Showing {
  readonly beforeLine: string;
  readonly afterLine: string;
  readonly pauseMs: number;
}

/** One line that is written over itself, and lines one below another for a program to read. */
const over: Showing = { beforeLine: "\r", afterLine: "\x1b[K", pauseMs: 200 };
const below: Showing = { beforeLine: "", afterLine: "\n", pauseMs: 500 };

/**
 * Shows how far an operation is on standard error, as desync does: where that is a terminal or
 * `DESYNC_PROGRESSBAR_ENABLED` is set, and in lines of their own where
 * `DESYNC_ENABLE_PARSABLE_PROGRESS` is.
 *
 * @param totalBytes what there is to do; undefined when that is not known
 */
export function showProgress(operation: string, totalBytes: number | undefined): DesyncProgress {
  const showing = showingIn(process.env, isatty(2));
  if (showing === undefined) return { update() {}, [Symbol.dispose]() {} };
  const output = new TextOutput(2);
  const rate = new RecentRate();
  let doneBytes = 0;
  const show = (): void => {
    const rateBytes = rate.note(performance.now(), doneBytes);
    const line = lineOf(operation, doneBytes, totalBytes, rateBytes);
    output.write(`${showing.beforeLine}${line}${showing.afterLine}`);
  };
  show();
  const timer = setInterval(show, showing.pauseMs);
  timer.unref();
  return {
    update: (bytes) => void (doneBytes = bytes),
    [Symbol.dispose]() {
      clearInterval(timer);
      show();
      if (showing === over) output.write("\n");
    },
  };
}

function showingIn(environment: NodeJS.ProcessEnv, isTerminal: boolean): Showing | undefined {
  if (environment["DESYNC_ENABLE_PARSABLE_PROGRESS"]) return below;
  return environment["DESYNC_PROGRESSBAR_ENABLED"] || isTerminal ? over : undefined;
}

/** The operation, per cent and the time that is left, as `Assembling   42.00% 1m5s`. */
function lineOf(
  operation: string,
  doneBytes: number,
  totalBytes: number | undefined,
  rateBytes: number,
): string {
  if (totalBytes === undefined) return operation;
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const percent = `${operation} ${(100 * share).toFixed(2).padStart(6)}%`;
  const leftSeconds = Math.ceil((totalBytes - doneBytes) / rateBytes);
  if (share === 1) return `${percent} 0s`;
  return Number.isFinite(leftSeconds) ? `${percent} ${timeOf(leftSeconds)}` : percent;
}

function timeOf(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const parts = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : "";
  return `${parts}${seconds % 60}s`;
}
