import { Agent, request } from "node:https";
import type { AgentOptions } from "node:https";
import { Readable } from "node:stream";

/** What of TLS can be said that `fetch` has no words for. */
export type TlsOptions = Pick<AgentOptions, "ca" | "cert" | "key" | "rejectUnauthorized">;

/**
 * A `fetch` for `https:` with certificates of one's own, as far as stores of chunks need one: no
 * redirects, bodies of bytes. Connections are kept and used again.
 */
export function httpsFetch(tls: TlsOptions): typeof fetch {
  const agent = new Agent({ keepAlive: true, ...tls });
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const headers = Object.fromEntries(new Headers(init.headers));
      const url = new URL(input instanceof Request ? input.url : input);
      const { signal, method = "GET", body } = init;
      const call = request(url, { agent, headers, method, ...(signal && { signal }) }, (answer) => {
        const { statusCode = 500, headers } = answer;
        const hasBody = method !== "HEAD" && ![204, 304].includes(statusCode);
        if (!hasBody) answer.resume();
        const content = hasBody ? (Readable.toWeb(answer) as ReadableStream<Uint8Array>) : null;
        const named = Object.entries(headers).map(
          ([name, value]) => [name, String(value)] as [string, string],
        );
        resolve(new Response(content, { status: statusCode, headers: named }));
      });
      call.on("error", reject);
      call.end(body instanceof Uint8Array ? body : undefined);
    });
}
