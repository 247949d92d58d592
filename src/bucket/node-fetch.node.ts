import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https, { type AgentOptions } from "node:https";
import { Readable } from "node:stream";
import { abortable } from "../bytes/abort.ts";
import type { Bytes } from "../types.ts";
import type { Answer, AnswerHeaders, Call, CallOptions } from "./answer.ts";
import { limitConnecting } from "./connect-time.node.ts";
import { bodilessStatuses, Http2Sessions } from "./http2-sessions.node.ts";

/** What of TLS can be said that `fetch` has no words for. */
export type TlsOptions = Pick<AgentOptions, "ca" | "cert" | "key" | "rejectUnauthorized">;

export interface NodeFetchOptions {
  /** True to talk HTTP/2 with servers that offer it over TLS, by one connection. */
  readonly http2?: boolean;
}

/**
 * A `fetch` that sends what it is told to and nothing else, as far as stores need one: with
 * certificates of one's own, no redirects, bodies of bytes or of its answers, and contents as they
 * come, compressed or not. Connections are kept and used again.
 */
export function nodeFetch(tls: TlsOptions = {}, { http2 = false }: NodeFetchOptions = {}): Call {
  const agents = {
    "http:": new http.Agent({ keepAlive: true, scheduling: "lifo" }),
    "https:": new https.Agent({ keepAlive: true, scheduling: "lifo", ...tls }),
  };
  const sessions = http2 ? new Http2Sessions(tls) : undefined;
  const call = async (input: string, init: CallOptions = {}): Promise<Answer> => {
    const url = new URL(input);
    const { signal, method = "GET", body } = init;
    const bytes = body instanceof Uint8Array ? body : undefined;
    const passed = init.answer instanceof NodeAnswer ? init.answer : undefined;
    const headers = {
      ...plainHeaders(init.headers),
      ...((bytes || method === "PUT" || method === "POST") && {
        "content-length": passed?.headers.get("content-length") ?? `${bytes?.length ?? 0}`,
      }),
    };
    const session =
      sessions && url.protocol === "https:" && !passed
        ? await abortable(sessions.with(url.origin), signal ?? undefined)
        : undefined;
    if (session) return session.send({ url, method, headers, body: bytes, signal });
    return new Promise((resolve, reject) => {
      const { request } = url.protocol === "https:" ? https : http;
      const agent = agents[url.protocol as keyof typeof agents];
      const sent = request(url, { agent, headers, method }, (answer) =>
        resolve(new NodeAnswer(method, answer)),
      );
      if (signal) endAt(signal, sent);
      sent.on("socket", (socket) => socket.connecting && limitConnecting(socket));
      sent.on("error", reject);
      if (passed) passed.sendBy(sent);
      else sent.end(bytes);
    });
  };
  return Object.assign(call, { sendsAnswers: true } as const);
}

/** Ends a request at a signal: for less than Node does, which looks at both of its streams. */
function endAt(signal: AbortSignal, request: ClientRequest): void {
  const end = (): void => void request.destroy(signal.reason);
  if (signal.aborted) return end();
  signal.addEventListener("abort", end);
  request.once("close", () => signal.removeEventListener("abort", end));
}

function plainHeaders(headers: RequestInit["headers"]): Record<string, string> {
  const isPlain = headers === undefined || (!(headers instanceof Headers) && !Array.isArray(headers));
  return isPlain ? (headers ?? {}) : Object.fromEntries(new Headers(headers));
}

/** Bytes of a body up to which parts are joined at the end; those of longer ones have a place. */
const joinedBytes = 65_536;

/** A stream is made of a body only when it is asked for: it costs more than most bodies. */
class NodeAnswer implements Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly #answer: IncomingMessage;
  readonly #hasBody: boolean;
  #body: ReadableStream<Uint8Array> | undefined;

  constructor(method: string, answer: IncomingMessage) {
    this.status = answer.statusCode ?? 500;
    this.headers = headersOf(answer);
    this.#answer = answer;
    this.#hasBody =
      method !== "HEAD" && !bodilessStatuses.has(this.status) && answer.headers["content-length"] !== "0";
    if (!this.#hasBody) answer.resume();
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (!this.#hasBody) return null;
    this.#body ??= Readable.toWeb(this.#answer) as ReadableStream<Uint8Array>;
    return this.#body;
  }

  get bodyUsed(): boolean {
    return this.#hasBody && Readable.isDisturbed(this.#answer);
  }

  /** Sends the body by a request. When either of both ends early, so does the other. */
  sendBy(request: ClientRequest): void {
    const answer = this.#answer;
    if (!this.#hasBody || answer.destroyed)
      return void request.destroy(answer.errored ?? new Error("there is no body to send"));
    answer.once("error", (thrown) => request.destroy(thrown));
    request.once("close", () => answer.destroy());
    // A server that answers early wants no more.
    request.once("response", (early: IncomingMessage) => {
      if (answer.readableEnded) return;
      answer.destroy();
      early.once("end", () => request.destroy());
    });
    answer.pipe(request);
  }

  readonly takeBody = async (limitBytes: number, tooLong: () => Error): Promise<Bytes> => {
    if (!this.#hasBody) return new Uint8Array();
    const answer = this.#answer;
    const saidBytes = Number(answer.headers["content-length"] ?? 0);
    const whole = saidBytes > joinedBytes && saidBytes <= limitBytes ? new Uint8Array(saidBytes) : undefined;
    const parts: Buffer[] = [];
    let length = 0;
    return new Promise((resolve, reject) => {
      // One that broke off before tells so no more.
      if (answer.destroyed) return reject(answer.errored ?? new Error("the answer broke off"));
      answer.on("data", (part: Buffer) => {
        length += part.length;
        if (length > limitBytes) return void answer.destroy(tooLong());
        if (whole) whole.set(part, length - part.length);
        else parts.push(part);
      });
      answer.on("end", () => resolve(whole ?? (parts.length === 1 ? parts[0]! : Buffer.concat(parts))));
      answer.on("error", reject);
    });
  };
}

/** Headers as Node has joined them. */
function headersOf({ headers }: IncomingMessage): AnswerHeaders {
  const get = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : (value ?? null);
  };
  return {
    get,
    has: (name) => get(name) !== null,
    *[Symbol.iterator]() {
      for (const name of Object.keys(headers)) yield [name, get(name)!];
    },
  };
}
