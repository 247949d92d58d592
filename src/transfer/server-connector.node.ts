import { isSyncError, SyncError, type SyncErrorCode } from "../errors.ts";
import type { Connect } from "../session/reconnect.ts";
import { httpFetch } from "../transport/http-fetch.node.ts";
import type { HttpOptions } from "../transport/http-request.node.ts";
import { connectTurns } from "../transport/http-turns.ts";
import { connectHttp } from "../transport/http.node.ts";
import { proxyAgentFor } from "../transport/proxy.node.ts";
import { sessionSubprotocol, sessionUrl, type SessionWish } from "../transport/session-request.ts";
import { withConnectionHint } from "./connection-hint.node.ts";
import type { ServerEndpoint } from "./endpoint.node.ts";

/**
 * Characters of a URL with an order in it. Node takes 16 KiB of a request's line and headers, and
 * proxies take 8.
 */
export const maxUrlLength = 7168;

/** How a server is reached. */
export interface ServerOptions extends Pick<HttpOptions, "headers" | "ca" | "connectMs" | "insecure"> {
  /** True to talk by many short requests, for proxies that collect what they pass on. */
  readonly turns?: boolean;
  /** The relays on the way, for an upstream to know. */
  readonly via?: readonly string[];
}

/**
 * How to connect to a server.
 *
 * @param wish what is wanted of it
 * @throws LIMIT for an order that is too long
 */
export function serverConnector(
  { kind, url: place }: ServerEndpoint,
  wish: SessionWish,
  { turns = false, via = [], headers, ca, insecure, connectMs }: ServerOptions,
): Connect {
  const url = sessionUrl(place, wish);
  const [actual, limit] = [url.length, maxUrlLength];
  if (wish.order !== undefined && actual > limit)
    throw new SyncError("LIMIT", "a server takes fewer filter rules", { detail: { actual, limit } });
  const http: HttpOptions = {
    headers: { ...headers, ...(via.length > 0 && { "Rsync-Stream-Via": via.join(", ") }) },
    ...(ca !== undefined && { ca }),
    ...(insecure !== undefined && { insecure }),
    ...(connectMs !== undefined && { connectMs }),
  };
  return (given) =>
    withConnectionHint(url, async () => {
      const agent = await proxyAgentFor(url, turns ? "requests" : "tunnel");
      return connectorBy(turns ? "turns" : kind, url, { ...http, ...(agent && { agent }) })(given);
    });
}

function connectorBy(way: "websocket" | "http" | "turns", url: string, http: HttpOptions): Connect {
  if (way === "turns") return connectorByTurns(url, http);
  if (way === "http") {
    return withHint(
      "STALLED",
      "a proxy that collects bodies lets a session through with --turns",
      ({ signal }) => connectHttp(url, { ...http, ...(signal && { signal }) }),
    );
  }
  return withHint(
    "BAD_MESSAGE",
    "a proxy may have taken the upgrade out: http: and --turns get through",
    async ({ signal }) => {
      const { connectWs } = await import("../transport/ws.node.ts");
      return connectWs(url, { ...http, protocols: [sessionSubprotocol], ...(signal && { signal }) });
    },
  );
}

function connectorByTurns(url: string, http: HttpOptions): Connect {
  const fetch = httpFetch(url, http);
  return ({ signal }) => connectTurns(url, { ...http, fetch, ...(signal && { signal }) });
}

/** Tells what helps when no connection comes about because of what is in between. */
function withHint(code: SyncErrorCode, hint: string, connect: Connect): Connect {
  return async (options) => {
    try {
      return await connect(options);
    } catch (thrown) {
      if (!isSyncError(thrown, code)) throw thrown;
      throw new SyncError(code, `${thrown.message}; ${hint}`, { cause: thrown, remote: thrown.remote });
    }
  };
}
