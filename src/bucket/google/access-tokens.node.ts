import type { Answer, Call } from "../answer.ts";
import { jsonRecord } from "../../bytes/json-record.ts";
import { abortable } from "../../bytes/abort.ts";
import { SyncError } from "../../errors.ts";
import { asking, bodyOf, refusal, type RequestOptions } from "../requests.ts";
import { assertionOf, type ServiceAccount } from "./key-file.node.ts";

/** How tokens are asked for. */
export const tokenLimits = Object.freeze({
  /** Bytes of an answer. */
  tokenBytes: 65_536,
  /** Milliseconds before its end at which a token is replaced. */
  tokenSpareMs: 60_000,
  /** Milliseconds for which a token that is refused is not replaced: it is not its age. */
  tokenFreshMs: 10_000,
});

interface Token {
  readonly text: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/**
 * Tokens of a service account, each used until shortly before its end. Many may ask at once: one
 * request is made for all.
 */
export class AccessTokens {
  readonly #account: ServiceAccount;
  readonly #ask: ReturnType<typeof asking>;
  #coming: Promise<Token> | undefined;
  #token: Token | undefined;

  constructor(account: ServiceAccount, options: RequestOptions) {
    this.#account = account;
    // What needs a token is tried again, and asks for one then.
    this.#ask = asking({ ...options, attemptCount: 1 });
  }

  /** A token that is accepted now. @throws UNAUTHORIZED, UPSTREAM, PEER_GONE, STALLED */
  async current(signal: AbortSignal | undefined): Promise<string> {
    const known = this.#token;
    if (known && performance.now() < known.untilMs) return known.text;
    this.#coming ??= this.#fetch().finally(() => (this.#coming = undefined));
    return (await abortable(this.#coming, signal)).text;
  }

  /** Says that a token was refused. Returns true when another one may be accepted. */
  refuse(text: string): boolean {
    const known = this.#token;
    if (known?.text !== text) return true;
    if (performance.now() - known.sinceMs < tokenLimits.tokenFreshMs) return false;
    this.#token = undefined;
    return true;
  }

  async #fetch(): Promise<Token> {
    const sinceMs = performance.now();
    const make = async () => ({
      url: this.#account.tokenUrl,
      init: {
        method: "POST",
        redirect: "manual" as const,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new TextEncoder().encode(
          `${new URLSearchParams({
            grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
            assertion: assertionOf(this.#account, Date.now()),
          })}`,
        ),
      },
    });
    const { text, seconds } = await this.#ask(make, readToken);
    this.#token = { text, sinceMs, untilMs: sinceMs + seconds * 1000 - tokenLimits.tokenSpareMs };
    return this.#token;
  }
}

async function readToken(response: Answer): Promise<{ readonly text: string; readonly seconds: number }> {
  const body = new TextDecoder().decode(await bodyOf(response, tokenLimits.tokenBytes));
  const said = jsonRecord(body);
  const { access_token: text, expires_in: seconds } = said;
  if (response.status === 200 && typeof text === "string" && typeof seconds === "number")
    return { text, seconds };
  const reason = [said["error"], said["error_description"]].filter((part) => typeof part === "string");
  // What is wrong with an assertion is told as a bad request.
  const { code, message } = response.status === 400 ? noAccess(response) : refusal(response);
  throw new SyncError(code, [`no access token: ${message}`, ...reason].join(": "));
}

function noAccess({ status }: Answer): SyncError {
  return new SyncError("UNAUTHORIZED", `the server answers ${status}`);
}

/**
 * A `fetch` that shows a token. When one is refused that was given out a while ago, the request is
 * made once more with another one.
 */
export function fetchWithToken(call: Call, tokens: AccessTokens): Call {
  return async (url, init = {}) => {
    const signal = init.signal ?? undefined;
    const send = async (token: string) =>
      call(url, {
        ...init,
        headers: { ...Object.fromEntries(new Headers(init.headers)), authorization: `Bearer ${token}` },
      });
    const token = await tokens.current(signal);
    const answer = await send(token);
    if (answer.status !== 401 || !tokens.refuse(token)) return answer;
    await answer.body?.cancel();
    return send(await tokens.current(signal));
  };
}
