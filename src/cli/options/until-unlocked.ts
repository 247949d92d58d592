import { wait } from "../../bytes/retry.ts";
import { isSyncError, type SyncError } from "../../errors.ts";
import type { AbortOptions } from "../../types.ts";

const lockedPauseMs = 500;

/** How what somebody else works with is waited for. */
interface LockedOptions extends AbortOptions {
  /** Milliseconds after which it is given up; never unless given. */
  readonly mostMs?: number;
  /** Called once, when there is something to wait for. */
  readonly onLocked?: (error: SyncError) => void;
}

/** Does something once nobody else does. @throws what that throws; the signal's reason */
export async function untilUnlocked<Result>(
  act: () => Promise<Result>,
  { mostMs = Infinity, onLocked, signal }: LockedOptions,
): Promise<Result> {
  const end = performance.now() + mostMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await act();
    } catch (thrown) {
      if (!isSyncError(thrown, "LOCKED") || performance.now() > end) throw thrown;
      if (isFirst) onLocked?.(thrown);
      await wait(lockedPauseMs, signal);
    }
  }
}
