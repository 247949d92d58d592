import { escapeText } from "../../bytes/escaped-text.ts";
import type { SyncError } from "../../errors.ts";

/** Milliseconds before the same is said again. */
const noticePauseMs = 10_000;

/**
 * Says on standard error why a server is asked again; of requests that fail together, once.
 *
 * @param say takes a line; standard error unless given
 * @param nowMs tells the time
 */
export function retryNotices(
  say = (line: string): void => void process.stderr.write(`${escapeText(line)}\n`),
  nowMs = () => performance.now(),
): (error: SyncError) => void {
  const saidMs = new Map<string, number>();
  return ({ message, cause }) => {
    const reason = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
    const line = `${message}${reason}; trying again`;
    const now = nowMs();
    if (now - (saidMs.get(line) ?? Number.NEGATIVE_INFINITY) < noticePauseMs) return;
    saidMs.set(line, now);
    say(line);
  };
}
