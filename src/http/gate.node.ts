import type { IncomingMessage } from "node:http";
import { hostname } from "node:os";
import { SyncError } from "../errors.ts";
import { Failures } from "./failures.ts";
import { networkOf, plainAddress } from "./network.ts";
import type { Scope } from "./route.ts";
import { findToken, type Principal, type Token } from "./tokens.node.ts";

/** Who may pass. */
export interface GateOptions {
  /**
   * Tokens that are let in. Without any, and without `authorize`, all are, from this machine's own
   * names only.
   */
  readonly tokens?: readonly Token[];
  /** Decides instead of tokens; undefined refuses, and so does whatever it throws. */
  readonly authorize?: (request: IncomingMessage) => Principal | undefined | Promise<Principal | undefined>;
  /**
   * Web origins, such as `https://app.example.org`, whose pages may come; the server's own always
   * may.
   */
  readonly origins?: readonly string[];
  /**
   * Host names under which the server may be asked for where nobody has to show anything.
   * Addresses, `localhost`, this machine's name and names without a dot always are: none of them
   * can be let point here from outside.
   */
  readonly hosts?: readonly string[];
  /** Addresses of proxies that are believed when they say whom they speak for. */
  readonly trustedProxies?: readonly string[];
}

/** Everybody, where nobody has to show a token. */
const anybody: Principal = { name: "anybody", scopes: ["read", "write"] };
const subprotocolPrefix = "bearer.";

/** The one place where it is decided who is let in, before anything else is looked at. */
export class Gate {
  readonly #options: GateOptions;
  readonly #failures = new Failures();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** True when a token, or what stands for it, has to be shown. */
  get isGuarded(): boolean {
    return this.#options.tokens !== undefined || this.#options.authorize !== undefined;
  }

  /** The address of the peer, or of whom a trusted proxy speaks for. */
  addressOf(request: IncomingMessage): string {
    const direct = plainAddress(request.socket.remoteAddress ?? "");
    if (!this.isProxy(direct)) return direct;
    const said = [request.headers["x-forwarded-for"]].flat().join(",");
    return plainAddress(said.split(",").at(-1)?.trim() || direct);
  }

  /** True for the address of a proxy that is believed. */
  isProxy(address: string): boolean {
    return this.#options.trustedProxies?.includes(plainAddress(address)) === true;
  }

  /**
   * Lets a request pass. A right token always passes; only wrong ones are counted, and once they
   * are many no more time is taken for them.
   *
   * @throws UNAUTHORIZED when it comes from a foreign page, under a foreign name, without the right
   *   token or scope
   */
  async admit(request: IncomingMessage, scope: Scope): Promise<Principal> {
    if (!this.isFromKnownPage(request)) throw new SyncError("UNAUTHORIZED", "not for pages of other sites");
    if (!this.isGuarded) {
      if (!this.#isKnownHost(request))
        throw new SyncError(
          "UNAUTHORIZED",
          "not under this host name: where no token is needed it has to be allowed",
        );
      return allowed(anybody, scope);
    }
    const principal = await this.#identify(request);
    if (principal !== undefined) return allowed(principal, scope);
    if (!showsToken(request)) throw new SyncError("UNAUTHORIZED", "a token is needed");
    const network = networkOf(this.addressOf(request));
    const isOver = this.#failures.isOver(network);
    if (!isOver) await this.#failures.note(network);
    const more = isOver ? ", as many before it from this address" : "";
    throw new SyncError("UNAUTHORIZED", `the token that was shown is not known here${more}`);
  }

  /** True when the request does not come from a web page, or from one that may come. */
  isFromKnownPage(request: IncomingMessage): boolean {
    const { origin, host } = request.headers;
    if (origin === undefined) return true;
    if (this.#options.origins?.includes(origin) === true) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }

  /** A name that anybody can let point here must not be one under which we answer to everybody. */
  #isKnownHost({ headers: { host = "" } }: IncomingMessage): boolean {
    const name = host.replace(/:\d+$/, "").toLowerCase();
    if (this.#options.hosts?.some((known) => known.toLowerCase() === name) === true) return true;
    if (/^\d+\.\d+\.\d+\.\d+$/.test(name) || name.startsWith("[")) return true;
    return /^[a-z0-9_-]+$/.test(name) || name === hostname().toLowerCase();
  }

  /** An error is a no. */
  async #identify(request: IncomingMessage): Promise<Principal | undefined> {
    const { authorize, tokens } = this.#options;
    try {
      if (authorize) return await authorize(request);
      const secret = secretOf(request);
      return secret === undefined || !tokens ? undefined : findToken(tokens, secret);
    } catch {
      return undefined;
    }
  }
}

function allowed(principal: Principal, scope: Scope): Principal {
  if (principal.scopes.includes(scope)) return principal;
  const why = principal === anybody ? "a token is needed that allows" : "the token does not allow";
  throw new SyncError("UNAUTHORIZED", `${why} to ${scope}`);
}

/** True for a request that shows something, be it of the wrong form. */
function showsToken({ headers }: IncomingMessage): boolean {
  return /^bearer\b/i.test(headers.authorization ?? "") || offeredToken(headers) !== undefined;
}

/**
 * A token travels in a header; a browser's WebSocket can set but one, in which it stands beside the
 * subprotocol.
 */
function secretOf({ headers }: IncomingMessage): string | undefined {
  const bearer = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(headers.authorization ?? "")?.[1];
  if (bearer !== undefined) return bearer;
  return offeredToken(headers);
}

function offeredToken(headers: IncomingMessage["headers"]): string | undefined {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((word) => word.trim());
  return offered.find((word) => word.startsWith(subprotocolPrefix))?.slice(subprotocolPrefix.length);
}
