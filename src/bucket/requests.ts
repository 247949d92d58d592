import { abortable } from "../bytes/abort.ts";
import { concatBytes } from "../bytes/compare.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";

/** How requests are made and repeated. */
export interface RequestOptions {
  /** Tries in all of a request that fails by the network or at the server; 3 unless given. */
  readonly attemptCount?: number;
  /** Milliseconds to wait before the second try, twice that before the third, and so on; 500. */
  readonly retryMs?: number;
  /** Milliseconds for one try; a minute unless given, 0 for no limit. */
  readonly timeoutMs?: number;
  /** What makes requests; `fetch` unless given. */
  readonly fetch?: typeof fetch;
}

/** A request, made anew for each try. */
export type MakeRequest = () => Promise<{ readonly url: string; readonly init: RequestInit }>;

/** Makes a request, again when it fails in a way that may pass, and takes what is answered. */
export type Ask = <Result>(
  make: MakeRequest,
  take: (response: Response) => Promise<Result>,
  options?: AbortOptions,
) => Promise<Result>;

/**
 * Returns what makes requests to a server.
 *
 * @throws what is thrown by who takes an answer; STALLED, PEER_GONE
 */
export function asking(options: RequestOptions = {}): Ask {
  const { attemptCount = 3, retryMs = 500, timeoutMs = 60_000, fetch: call = fetch } = options;

  async function tryOnce<Result>(
    make: MakeRequest,
    take: (response: Response) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const limit = timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined;
    const signals = [signal, limit].filter((one) => one !== undefined);
    let response: Response | undefined;
    try {
      const { url, init } = await make();
      response = await call(url, { ...init, signal: AbortSignal.any(signals) });
      return await take(response);
    } catch (thrown) {
      if (isSyncError(thrown)) throw thrown;
      if (limit?.aborted === true && signal?.aborted !== true)
        throw new SyncError("STALLED", "the server takes too long", { cause: thrown });
      throw new SyncError("PEER_GONE", "the connection to the server failed", { cause: thrown });
    } finally {
      // What was not read would keep the connection.
      if (response?.bodyUsed === false) await response.body?.cancel().catch(() => {});
    }
  }

  return async (make, take, { signal } = {}) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await tryOnce(make, take, signal);
      } catch (thrown) {
        signal?.throwIfAborted();
        if (attempt >= attemptCount || !isPassing(thrown)) throw thrown;
        await pause(attempt * retryMs, signal);
      }
    }
  };
}

/** All of a body. @throws LIMIT for one that is longer, TRUNCATED for one that is cut off */
export async function bodyOf(response: Response, limit: number): Promise<Bytes> {
  const tooLong = (): SyncError =>
    new SyncError("LIMIT", "the server sends more than it may", { detail: { limit } });
  const said = response.headers.get("content-length");
  if (Number(said ?? 0) > limit) throw tooLong();
  const parts: Bytes[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    length += next.value.length;
    if (length > limit) throw tooLong();
    parts.push(next.value);
  }
  const isWhole = said === null || response.headers.has("content-encoding") || Number(said) === length;
  if (!isWhole) throw new SyncError("TRUNCATED", "the server ended before its answer did");
  return concatBytes(parts);
}

/** The error for an answer that says no. */
export function refusal({ status }: Response): SyncError {
  if (status === 401 || status === 403) return new SyncError("UNAUTHORIZED", `the server answers ${status}`);
  return new SyncError(status >= 500 ? "UPSTREAM" : "IO", `the server answers ${status}`);
}

const passing = new Set(["PEER_GONE", "STALLED", "TRUNCATED", "UPSTREAM"]);

/** True for what may go well the next time. */
function isPassing(thrown: unknown): boolean {
  return isSyncError(thrown) && passing.has(thrown.code);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await abortable(over, signal).finally(() => clearTimeout(timer));
}
