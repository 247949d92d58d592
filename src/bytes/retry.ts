import { isSyncError, type SyncError } from "../errors.ts";
import { abortable } from "./abort.ts";

const passing = new Set(["PEER_GONE", "STALLED", "TRUNCATED", "UPSTREAM"]);

/** True for what may go well the next time. */
export function isPassing(thrown: unknown): thrown is SyncError {
  return isSyncError(thrown) && passing.has(thrown.code);
}

/** Waits. @throws the signal's reason */
export async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await abortable(over, signal).finally(() => clearTimeout(timer));
}
