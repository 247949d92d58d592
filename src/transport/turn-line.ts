import { isSyncError, SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { errorOfRefusal, isPassingRefusal, maxRefusalBytes } from "./refusal.ts";
import { TimedBell } from "../bytes/timed-bell.ts";
import { turnLimits } from "./turns.ts";

/** How a request goes out: `fetch` itself, or what does the same. */
export type TurnFetch = (url: string, init: TurnInit) => Promise<TurnAnswer>;

/** What is asked of a `TurnFetch`. */
export interface TurnInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
  readonly cache: "no-store";
  /** Redirects are not followed: they would take the token along. */
  readonly redirect: "error";
}

/** What is needed of a Response. */
export interface TurnAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
}

/** One request. */
interface Turn {
  readonly method: "POST" | "GET" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Gets what comes, at most `turnBytes`, as it comes. */
  readonly onBytes?: (bytes: Bytes) => void;
}

/** True for what may go well when it is asked again: no answer, or none of the server's own. */
export function isLost(thrown: unknown): boolean {
  return isSyncError(thrown, "PEER_GONE") && !thrown.remote;
}

/** True when a shorter body may get through. */
export function isTooLong(thrown: unknown): boolean {
  return isSyncError(thrown, "LIMIT") && !thrown.remote;
}

/** Requests one after the other. */
export class TurnLine {
  readonly #fetch: TurnFetch;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #answerMs: number;
  readonly #pause = new TimedBell();
  #asking: AbortController | undefined;
  #cancelled: { readonly reason: unknown } | undefined;
  #lostCount = 0;

  constructor(fetch: TurnFetch, headers: Readonly<Record<string, string>>, answerMs: number) {
    this.#fetch = fetch;
    this.#headers = headers;
    this.#answerMs = answerMs;
  }

  /**
   * Takes turns until it is told that there is none any more. One that was lost is taken again,
   * after a while.
   *
   * @param turn false when it was the last one; looks anew each time what there is to ask
   * @param progress a number that grows while turns are of use, also those that get lost halfway
   */
  async run(turn: () => Promise<boolean>, progress: () => number): Promise<void> {
    for (let before = 0; ; before = progress()) {
      this.#check();
      try {
        if (!(await turn())) return;
        this.#lostCount = 0;
      } catch (thrown) {
        if (this.#cancelled || !isLost(thrown)) throw thrown;
        this.#lostCount = progress() > before ? 1 : this.#lostCount + 1;
        if (this.#lostCount > turnLimits.turnRetryCount) throw thrown;
        await this.#pause.wait(turnLimits.turnRetryMs * 2 ** (this.#lostCount - 1));
      }
    }
  }

  /**
   * Asks once, and reads the answer to its end.
   *
   * @throws what the server refuses with (`remote`), PEER_GONE that `isLost` knows, or the reason
   *   of `cancel`
   */
  async ask({ url, method, headers, body, onBytes }: Turn): Promise<TurnAnswer["headers"]> {
    this.#check();
    const asking = new AbortController();
    this.#asking = asking;
    const watch = new Deadline(this.#answerMs, () => asking.abort());
    try {
      const answer = await this.#fetch(url, {
        method,
        headers: { ...this.#headers, ...headers },
        ...(body && { body }),
        signal: asking.signal,
        cache: "no-store",
        redirect: "error",
      });
      watch.extend();
      if (answer.status < 200 || answer.status > 299) throw await refusalIn(answer);
      await readBody(answer.body, (bytes) => {
        watch.extend();
        onBytes?.(bytes);
      });
      return answer.headers;
    } catch (thrown) {
      asking.abort();
      this.#check();
      if (isSyncError(thrown)) throw thrown;
      const why = thrown instanceof Error ? `: ${thrown.message}` : "";
      throw new SyncError("PEER_GONE", `no answer${why}`, { cause: thrown });
    } finally {
      watch.clear();
    }
  }

  /** Ends what is under way, and whatever comes, with this reason. */
  cancel(reason: unknown): void {
    this.#cancelled ??= { reason };
    this.#asking?.abort();
    this.#pause.ring();
  }

  #check(): void {
    if (this.#cancelled) throw this.#cancelled.reason;
  }
}

/** Calls when nothing has extended it for so long. */
class Deadline {
  readonly #limitMs: number;
  readonly #onOver: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limitMs: number, onOver: () => void) {
    this.#limitMs = limitMs;
    this.#onOver = onOver;
    this.extend();
  }

  extend(): void {
    this.clear();
    if (this.#limitMs > 0) this.#timer = setTimeout(this.#onOver, this.#limitMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/** Not all browsers can iterate over a stream. */
async function readBody(body: TurnAnswer["body"], onBytes: (bytes: Bytes) => void): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    size += value.length;
    if (size > turnLimits.turnBytes) {
      const detail = { limit: turnLimits.turnBytes, actual: size };
      throw new SyncError("LIMIT", "the server answers at too great a length", { detail });
    }
    onBytes(value);
  }
}

async function refusalIn({ status, body }: TurnAnswer): Promise<SyncError> {
  const said = new Uint8Array(maxRefusalBytes);
  let size = 0;
  await readBody(body, (bytes) => {
    const part = bytes.subarray(0, said.length - size);
    said.set(part, size);
    size += part.length;
  }).catch(() => {}); // what came of it has to do
  const text = said.subarray(0, size);
  if (status === 413) return new SyncError("LIMIT", "something on the way takes no body of this length");
  const error = errorOfRefusal(status, text);
  return isPassingRefusal(status, text) ? new SyncError("PEER_GONE", error.message) : error;
}
