import type { Answer, AnswerHeaders, Call, CallOptions } from "./answer.ts";
import { concatBytes } from "../bytes/compare.ts";
import { isPassing, wait } from "../bytes/retry.ts";
import { isSyncError, SyncError, type SyncErrorCode, type SyncErrorDetail } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** How requests are made and repeated. */
export interface RequestOptions {
  /** Tries in all of a request that fails by the network or at the server; 3 unless given. */
  readonly attemptCount?: number;
  /**
   * Milliseconds to wait before the second try at most, twice that before the third, and so on;
   * 500.
   */
  readonly retryMs?: number;
  /**
   * Milliseconds for one try, beside the time that its content may take; a minute unless given, 0
   * for no limit.
   */
  readonly timeoutMs?: number;
  /** What makes requests; `fetch` unless given. */
  readonly fetch?: Call;
  /** Called before each try. */
  readonly onRequest?: () => void;
  /** Called when the server asks for fewer requests. */
  readonly onPushback?: () => void;
  /** Called before a request is made again, with what was wrong. */
  readonly onRetry?: (error: SyncError) => void;
}

/** How long requests wait. */
export const requestLimits = Object.freeze({
  /** Milliseconds until there is a connection with a server. */
  connectMs: 15_000,
  /** Milliseconds before a request is made again, at most, unless the server names a time. */
  retryPauseMs: 30_000,
  /** Milliseconds that a server may have a client wait. */
  retryAfterMs: 300_000,
  /** Bytes a second that content has to come and go at, at least. */
  contentRateBytes: 65_536,
});

/** A request, made anew for each try. */
export type MakeRequest = () => Promise<{ readonly url: string; readonly init: CallOptions }>;

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that are sent and taken, about. */
  readonly contentBytes?: number;
  /** True when nothing is asked again: a failure is thrown, after the time that a server names. */
  readonly isOnce?: boolean;
}

/** Makes a request, again when it fails in a way that may pass, and takes what is answered. */
export type Ask = <Result>(
  make: MakeRequest,
  take: (response: Answer) => Promise<Result>,
  options?: AskOptions,
) => Promise<Result>;

/** What a try has learned of when to make the next one. */
interface Hint {
  retryAfterMs?: number;
}

/**
 * Returns what makes requests to a server.
 *
 * @throws what is thrown by who takes an answer; STALLED, PEER_GONE
 */
export function asking(options: RequestOptions = {}): Ask {
  const { attemptCount = 3, retryMs = 500, timeoutMs = 60_000, fetch: call = fetch } = options;

  async function tryOnce<Result>(
    make: MakeRequest,
    take: (response: Answer) => Promise<Result>,
    { signal, contentBytes = 0 }: AskOptions,
    hint: Hint,
  ): Promise<Result> {
    const contentMs = Math.ceil((contentBytes / requestLimits.contentRateBytes) * 1000);
    // A signal of its own ends with the try; one that the platform makes of others stays.
    const controller = new AbortController();
    let isLate = false;
    const end = (): void => controller.abort(signal?.reason);
    const expire = (): void => {
      isLate = true;
      controller.abort();
    };
    const timer = timeoutMs > 0 ? setTimeout(expire, timeoutMs + contentMs) : undefined;
    signal?.addEventListener("abort", end, { once: true });
    let response: Answer | undefined;
    let url = "";
    try {
      const made = await make();
      url = made.url;
      signal?.throwIfAborted();
      options.onRequest?.();
      response = await call(url, { ...made.init, signal: controller.signal });
      const asked = retryAfterIn(response);
      if (asked !== undefined) hint.retryAfterMs = asked;
      if (pushingBack.has(response.status)) options.onPushback?.();
      return await take(response);
    } catch (thrown) {
      if (isSyncError(thrown)) throw thrown;
      if (isLate && signal?.aborted !== true)
        throw new SyncError("STALLED", `${hostOf(url)} takes too long`, { cause: thrown });
      throw new SyncError("PEER_GONE", `the connection to ${hostOf(url)} failed`, { cause: thrown });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      // What was not read would keep the connection.
      if (response?.bodyUsed === false) await response.body?.cancel().catch(() => {});
    }
  }

  return async (make, take, asked = {}) => {
    const { signal } = asked;
    for (let attempt = 1; ; attempt++) {
      const hint: Hint = {};
      try {
        return await tryOnce(make, take, asked, hint);
      } catch (thrown) {
        signal?.throwIfAborted();
        if (attempt >= attemptCount || !isPassing(thrown)) throw thrown;
        options.onRetry?.(thrown);
        if (asked.isOnce === true) {
          await wait(hint.retryAfterMs ?? 0, signal);
          throw thrown;
        }
        await wait(hint.retryAfterMs ?? backoffMs(attempt, retryMs), signal);
      }
    }
  };
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the server";
}

/**
 * Milliseconds before the next try: twice as many after each, at random between half of that and
 * all, so that who failed together does not come again together.
 */
export function backoffMs(attempt: number, retryMs: number): number {
  const mostMs = Math.min(requestLimits.retryPauseMs, retryMs * 2 ** (attempt - 1));
  return mostMs * (0.5 + Math.random() / 2);
}

/**
 * All of a body; nothing of an answer to HEAD, whatever length that tells.
 *
 * @throws LIMIT for one that is longer, TRUNCATED for one that is cut off
 */
export async function bodyOf(response: Answer, limit: number): Promise<Bytes> {
  const tooLong = (): SyncError =>
    new SyncError("LIMIT", "the server sends more than it may", { detail: { limit } });
  // To look at the body would make a stream of it.
  if (response.takeBody) return response.takeBody(limit, tooLong);
  if (response.body === null) return new Uint8Array();
  const said = response.headers.get("content-length");
  if (Number(said ?? 0) > limit) throw tooLong();
  const parts: Bytes[] = [];
  let length = 0;
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > limit) throw tooLong();
    parts.push(next.value);
  }
  const isWhole = said === null || response.headers.has("content-encoding") || Number(said) === length;
  if (!isWhole) throw new SyncError("TRUNCATED", "the server ended before its answer did");
  return parts.length === 1 ? parts[0]! : concatBytes(parts);
}

/** The time at which an answer was made, by the clock of the server. @throws UPSTREAM */
export function dateOf({ headers }: Answer): number {
  const ms = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(ms)) throw new SyncError("UPSTREAM", "the server does not tell the time");
  return ms;
}

/** The error for an answer that says no. */
export function refusal({ status, headers }: Answer): SyncError {
  const detail = { status };
  const refuse = (code: SyncErrorCode, more = ""): SyncError =>
    new SyncError(code, `the server answers ${status}${more}`, { detail });
  if (status === 401 || status === 403) return refuse("UNAUTHORIZED", lackOf(headers));
  if (status === 413) return refuse("LIMIT", ": it is more than it takes");
  if (status === 501) return refuse("UNSUPPORTED");
  return refuse(status >= 500 || passingStatuses.has(status) ? "UPSTREAM" : "IO");
}

/** Characters of what a server says that are told. */
const toldChars = 300;

/** What a server says about a failure, as words that go behind others, and by its parts. */
export interface Said {
  readonly words: string;
  readonly detail: SyncErrorDetail;
}

/** Puts together what a server says about a failure. */
export function wordsOf(
  reason: string | undefined,
  message: string | undefined,
  requestId: string | undefined,
): Said {
  const short = (text: string | undefined): string | undefined => text?.slice(0, toldChars) || undefined;
  const [word, sentence, id] = [short(reason), short(message), short(requestId)];
  const said = [word, sentence].filter((part) => part !== undefined).map((part) => `: ${part}`);
  return {
    words: said.join("") + (id === undefined ? "" : ` (request ${id})`),
    detail: { ...(word !== undefined && { reason: word }), ...(id !== undefined && { requestId: id }) },
  };
}

/** True for an answer to who asks, and so to all that they ask for. */
export function isDenial(thrown: unknown): boolean {
  return isSyncError(thrown, "UNAUTHORIZED") && thrown.detail.status === 401;
}

/** What a token has to do with a refusal, where the server says so as RFC 6750 has it. */
function lackOf(headers: AnswerHeaders): string {
  const asked = headers.get("www-authenticate") ?? "";
  if (!/^bearer\b/i.test(asked)) return "";
  return /\berror="?invalid_token\b/.test(asked) ? ": the token is not known there" : ": a token is needed";
}

/** What a server answers that has too much to do, or did not get all. */
const passingStatuses = new Set([408, 429]);
const pushingBack = new Set([429, 503]);

/** The time that a server names, as seconds or as a date. */
function retryAfterIn({ status, headers }: Answer): number | undefined {
  const text = headers.get("retry-after");
  if (text === null || status < 400) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), requestLimits.retryAfterMs);
}
