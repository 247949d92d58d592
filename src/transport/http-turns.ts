import { quoteText } from "../bytes/foreign-text.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import { type ChannelDuplex, duplexOf } from "./channel.ts";
import { sessionMediaType } from "./session-request.ts";
import { type TurnFetch, TurnLine } from "./turn-line.ts";
import { openTurns, turnIdPattern } from "./turns.ts";
import { TurnsChannel } from "./turns-channel.ts";

export type { TurnAnswer, TurnFetch, TurnInit } from "./turn-line.ts";

export interface ConnectTurnsOptions extends AbortOptions {
  /** More headers of each request, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the requests; the platform's own `fetch` unless given. */
  readonly fetch?: TurnFetch;
  /**
   * Milliseconds until the server has answered the first request; 30 s unless given, 0 for no
   * limit.
   */
  readonly connectMs?: number;
}

/** Bytes of the answer to the first request that are looked at. */
const maxOpeningBytes = 4096;

/**
 * Connects by many short requests in place of a long one (docs/http.md), where nothing else comes
 * through: browsers cannot send and receive in one request, and many proxies collect bodies.
 * Requests and answers that got lost on the way are repeated.
 *
 * @throws what the server refuses with (`remote`: UNAUTHORIZED, NOT_FOUND, LIMIT, ...), PEER_GONE
 *   when no answer comes, BAD_MESSAGE for one that is none of such a server, USAGE for another kind
 *   of URL
 */
export async function connectTurns(url: string, options: ConnectTurnsOptions = {}): Promise<ChannelDuplex> {
  const { signal, headers = {}, connectMs = 30_000 } = options;
  signal?.throwIfAborted();
  const ask: TurnFetch = options.fetch ?? ((target, init) => fetch(target, init));
  const opening = new TurnLine(ask, headers, connectMs);
  const stop = (): void => opening.cancel(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const id = await open(opening, turnUrl(url, openTurns));
    const line = (answerMs: number): TurnLine => new TurnLine(ask, headers, answerMs);
    return duplexOf(new TurnsChannel((at) => turnUrl(url, id, at), line));
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function turnUrl(url: string, turns: string, at?: number): string {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol !== "http:" && target?.protocol !== "https:") {
    throw new SyncError("USAGE", `not a URL of http: or https: "${url}"`);
  }
  target.searchParams.set("turns", turns);
  if (at !== undefined) target.searchParams.set("at", String(at));
  return target.href;
}

async function open(line: TurnLine, url: string): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  await line.ask({
    method: "POST",
    url,
    headers: { "Content-Type": sessionMediaType },
    onBytes: (bytes) => {
      if (text.length < maxOpeningBytes) text += decoder.decode(bytes, { stream: true });
    },
  });
  const id = idIn(text);
  if (id === undefined) {
    const said = quoteText(new TextEncoder().encode(text));
    throw new SyncError(
      "BAD_MESSAGE",
      `the server takes no turns${said === undefined ? "" : `, but says ${said}`}`,
    );
  }
  return id;
}

function idIn(text: string): string | undefined {
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    return typeof id === "string" && turnIdPattern.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
