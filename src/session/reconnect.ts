import { abortable } from "../bytes/abort.ts";
import { SyncError, type SyncErrorCode, toSyncError } from "../errors.ts";
import type { AbortOptions, Duplex } from "../types.ts";
import { reconnectLimits } from "./limits.ts";

/** What an attempt knows of those before it. */
export interface AttemptOptions extends AbortOptions {
  /** True when one of them moved content, which need not be moved again. */
  readonly movedBefore?: boolean;
}

/** Makes a connection to the other end; called anew for each attempt. */
export type Connect = (options: AttemptOptions) => Promise<Duplex>;

/** An attempt that failed, and when the next one starts. */
export interface Retry {
  /** How many attempts in a row have failed without moving content, this one included; from 1. */
  readonly failureCount: number;
  readonly waitMs: number;
  readonly error: SyncError;
  /** Ends the wait. Does nothing once it is over. */
  readonly retryNow: () => void;
}

export interface ReconnectOptions extends AbortOptions {
  /**
   * Attempts after one that failed without having moved content, at most; default 9, which is a
   * minute or two of waits. An attempt that did starts the count anew.
   */
  readonly retries?: number;
  /**
   * Milliseconds that the first wait takes at most, and half of that at least; each further one
   * takes up to twice as long. Default 500.
   */
  readonly firstWaitMs?: number;
  /** Milliseconds that no wait exceeds. Default 30 000. */
  readonly longestWaitMs?: number;
  /**
   * Gives a number from 0 up to 1: how much of a wait's second half is waited. Default Math.random.
   */
  readonly random?: () => number;
  /** Called before each wait. */
  readonly onRetry?: (retry: Retry) => void;
}

/** A session that reconnects, under way. */
export interface Run<Summary> {
  /** How the session ended at last; rejects with why it was given up. */
  readonly done: Promise<Summary>;
  /**
   * Ends it and resolves when it has let go of everything; `done` rejects with ABORTED if it was
   * not over.
   */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What an attempt tells about itself. */
export interface AttemptSigns {
  /** The other end was heard. */
  heard: boolean;
  /** Content moved, which the next attempt need not move again. */
  moved: boolean;
  /** In an attempt before it. */
  readonly movedBefore: boolean;
}

/** After these the other end may be there again in a moment. */
const passing: ReadonlySet<SyncErrorCode> = new Set([
  "PEER_GONE",
  "STALLED",
  "TRUNCATED",
  "LOCKED",
  "UPSTREAM",
]);

/** Whether the next attempt may come through. Who interrupts the other end may start it anew. */
function mayPass({ code, remote }: SyncError): boolean {
  return passing.has(code) || (remote && code === "ABORTED");
}

/**
 * Tries until an attempt comes through. A connection that was never heard of is not tried again:
 * the address or the permission is wrong then, not the line. Nor is a place that somebody else
 * writes to; after a connection that broke, that may be the other end of it.
 *
 * @throws the error of the last attempt, or the signal's reason
 */
export async function withRetries<Result>(
  attempt: (signs: AttemptSigns) => Promise<Result>,
  options: ReconnectOptions,
): Promise<Result> {
  const { signal, onRetry } = options;
  const retries = options.retries ?? reconnectLimits.retries;
  let everHeard = false;
  let movedBefore = false;
  for (let failureCount = 0; ;) {
    signal?.throwIfAborted();
    const signs: AttemptSigns = { heard: false, moved: false, movedBefore };
    try {
      return await attempt(signs);
    } catch (thrown) {
      signal?.throwIfAborted();
      const error = toSyncError(thrown);
      const isForeignLock = error.code === "LOCKED" && !everHeard;
      everHeard ||= signs.heard;
      movedBefore ||= signs.moved;
      failureCount = signs.moved ? 1 : failureCount + 1;
      if (!everHeard || isForeignLock || !mayPass(error) || failureCount > retries) throw error;
      const waitMs = waitBefore(failureCount, options);
      const { over, retryNow } = startWait(waitMs);
      onRetry?.({ failureCount, waitMs, error, retryNow });
      await abortable(over, signal).finally(retryNow);
    }
  }
}

/**
 * Up to twice as long each time, by chance: many clients of one server must not come back at once.
 * Half of it is always waited, so that all waits together have a least length.
 */
function waitBefore(failureCount: number, options: ReconnectOptions): number {
  const { firstWaitMs, longestWaitMs, random = Math.random } = { ...reconnectLimits, ...options };
  const longestMs = Math.min(longestWaitMs, firstWaitMs * 2 ** (failureCount - 1));
  return Math.round(((1 + random()) / 2) * longestMs);
}

/** A wait that can be ended early; once it is over it holds no timer. */
function startWait(ms: number): { readonly over: Promise<void>; readonly retryNow: () => void } {
  let end: () => void = () => {};
  const over = new Promise<void>((resolve) => (end = resolve));
  const timer = setTimeout(end, ms);
  const retryNow = (): void => {
    clearTimeout(timer);
    end();
  };
  return { over, retryNow };
}

/** Starts work that can be closed. */
export function startRun<Summary>(
  work: (signal: AbortSignal) => Promise<Summary>,
  signal: AbortSignal | undefined,
): Run<Summary> {
  const life = new AbortController();
  const stop = (): void => life.abort(signal?.reason);
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop, { once: true });
  const done = work(life.signal).finally(() => signal?.removeEventListener("abort", stop));
  done.catch(() => {}); // whoever wants to know awaits it
  const close = async (): Promise<void> => {
    life.abort(new SyncError("ABORTED", "the run was closed"));
    await done.catch(() => {});
  };
  return { done, close, [Symbol.asyncDispose]: close };
}
