import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as httpRequest,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { errorOfRefusal, maxRefusalBytes } from "./refusal.ts";

/** How a client reaches a server over HTTP. */
export interface HttpOptions extends AbortOptions {
  /** More request headers, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates, as PEM, of whom to trust in place of the system's. */
  readonly ca?: string;
  /**
   * True to talk to a server that cannot prove who it is. Whoever is in between can then read and
   * change all.
   */
  readonly insecure?: boolean;
  /** Makes the connections, by way of a proxy say; direct ones unless given. */
  readonly agent?: HttpAgent;
  /** Milliseconds until the server has answered; 30 s unless given, 0 for no limit. */
  readonly connectMs?: number;
}

/** Milliseconds that a client waits for an answer unless told otherwise. */
export const defaultConnectMs = 30_000;

/**
 * Begins a request on a connection of its own. It is for the caller to write a body and to end it.
 *
 * @throws USAGE when the URL is none of http: or https:
 */
export function openRequest(url: string, method: string, options: HttpOptions): ClientRequest {
  const target = parseHttpUrl(url);
  const secure = target.protocol === "https:";
  // A connection that may be kept stays open for the one direction when the other has ended.
  const own = options.agent ? undefined : keptConnections(secure);
  const call = secure ? httpsRequest : httpRequest;
  const request = call(target, {
    method,
    agent: own ?? options.agent,
    headers: { ...options.headers },
    ...trustOf(options),
  });
  request.setNoDelay(true);
  request.once("close", () => own?.destroy());
  return request;
}

/** Connections that are kept for further requests. */
export function keptConnections(secure: boolean): HttpAgent {
  return secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
}

/** Whom to trust, as node:tls has it. */
export function trustOf({ ca, insecure }: Pick<HttpOptions, "ca" | "insecure">) {
  return { ...(ca !== undefined && { ca }), rejectUnauthorized: insecure !== true };
}

/** The URL, checked. @throws USAGE */
export function parseHttpUrl(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target && (target.protocol === "http:" || target.protocol === "https:")) return target;
  throw new SyncError("USAGE", `not a URL of http: or https: "${url}"`);
}

/**
 * Waits for the head of the answer.
 *
 * @throws PEER_GONE when none comes, STALLED when it takes too long, or the signal's reason; the
 *   request is destroyed then
 */
export function responseTo(request: ClientRequest, options: HttpOptions): Promise<IncomingMessage> {
  const { signal, connectMs: limitMs = defaultConnectMs } = options;
  return new Promise((resolve, reject) => {
    const fail = (reason: unknown): void => {
      request.destroy();
      reject(reason);
    };
    const onAbort = (): void => fail(signal?.reason);
    const timer =
      limitMs > 0
        ? setTimeout(() => fail(new SyncError("STALLED", `no answer within ${limitMs} ms`)), limitMs)
        : undefined;
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    if (signal?.aborted === true) return fail(signal.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    request.once("response", (response) => settle(() => resolve(response)));
    request.on("error", (cause) =>
      settle(() => reject(new SyncError("PEER_GONE", `could not connect: ${cause.message}`, { cause }))),
    );
    request.once("close", () =>
      settle(() => reject(new SyncError("PEER_GONE", "the server closed the connection"))),
    );
  });
}

/** Reads a refusal and closes the connection. A server that stalls in it is not waited for long. */
export async function readRefusal(response: IncomingMessage): Promise<SyncError> {
  const parts: Bytes[] = [];
  let size = 0;
  const { socket } = response;
  const timer = setTimeout(() => socket.destroy(), 2000);
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      parts.push(part.subarray(0, maxRefusalBytes - size));
      size += part.length;
      if (size >= maxRefusalBytes) break;
    }
  } catch {
    // What came of it has to do.
  } finally {
    clearTimeout(timer);
    socket.destroy(); // a response that was read to its end lets go of its socket, which the server may keep open
  }
  return errorOfRefusal(response.statusCode ?? 0, Buffer.concat(parts));
}
