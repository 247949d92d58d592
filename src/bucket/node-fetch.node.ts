import http, { type IncomingMessage } from "node:http";
import https, { type AgentOptions } from "node:https";
import { Readable } from "node:stream";

/** What of TLS can be said that `fetch` has no words for. */
export type TlsOptions = Pick<AgentOptions, "ca" | "cert" | "key" | "rejectUnauthorized">;

/**
 * A `fetch` that sends what it is told to and nothing else, as far as stores need one: with
 * certificates of one's own, no redirects, bodies of bytes, and contents as they come, compressed
 * or not. Connections are kept and used again.
 */
export function nodeFetch(tls: TlsOptions = {}): typeof fetch {
  const agents = {
    "http:": new http.Agent({ keepAlive: true, scheduling: "lifo" }),
    "https:": new https.Agent({ keepAlive: true, scheduling: "lifo", ...tls }),
  };
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const { request } = url.protocol === "https:" ? https : http;
      const agent = agents[url.protocol as keyof typeof agents];
      const { signal, method = "GET", body } = init;
      const bytes = body instanceof Uint8Array ? body : undefined;
      const headers = {
        ...Object.fromEntries(new Headers(init.headers)),
        ...((bytes || method === "PUT" || method === "POST") && {
          "content-length": `${bytes?.length ?? 0}`,
        }),
      };
      const call = request(url, { agent, headers, method, ...(signal && { signal }) }, (answer) =>
        resolve(responseTo(method, answer)),
      );
      call.on("error", reject);
      call.end(bytes);
    });
}

/** Statuses that have no body, by which a response cannot be made with one. */
const bodiless = new Set([204, 205, 304]);

function responseTo(method: string, answer: IncomingMessage): Response {
  const { statusCode: status = 500, rawHeaders } = answer;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  const hasBody = method !== "HEAD" && !bodiless.has(status);
  if (!hasBody) answer.resume();
  const content = hasBody ? (Readable.toWeb(answer) as ReadableStream<Uint8Array>) : null;
  return new Response(content, { status, headers });
}
