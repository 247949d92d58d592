import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { type HttpOptions, keptConnections, parseHttpUrl, trustOf } from "./http-request.node.ts";
import type { TurnAnswer, TurnFetch } from "./turn-line.ts";

/**
 * Sends the requests of a session in turns by node:http, for `connectTurns`: it can be told whom to
 * trust, which the platform's `fetch` cannot. Connections are kept for further requests.
 *
 * @param url where all requests go
 * @throws USAGE when the URL is none of http: or https:
 */
export function httpFetch(
  url: string,
  options: Pick<HttpOptions, "agent" | "ca" | "insecure"> = {},
): TurnFetch {
  const secure = parseHttpUrl(url).protocol === "https:";
  const agent = options.agent ?? keptConnections(secure);
  const trust = trustOf(options);
  const call = secure ? httpsRequest : httpRequest;
  return (target, { method, headers, body, signal }) =>
    new Promise<TurnAnswer>((resolve, reject) => {
      // Of a DELETE, node:http would not say that it has a body.
      const length = body ? { "Content-Length": String(body.length) } : {};
      const request = call(target, { method, headers: { ...headers, ...length }, agent, signal, ...trust });
      request.setNoDelay(true);
      request.on("error", reject);
      request.on("response", (response) => {
        const { statusCode: status = 0, headers: said } = response;
        const get = (name: string): string | null => said[name.toLowerCase()]?.toString() ?? null;
        const stream = Readable.toWeb(response) as unknown as ReadableStream<Uint8Array>;
        resolve({ status, headers: { get }, body: stream });
      });
      request.end(body);
    });
}
