import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { Dispatcher, Pool } from "undici";
import { abortable } from "../bytes/abort.ts";
import type { Answer, Call, CallOptions } from "./answer.ts";
import { connectSocket, type ServerPlace } from "./connect-socket.node.ts";
import { Http2Sessions } from "./http2-sessions.node.ts";
import { PoolAnswer } from "./pool-answer.node.ts";
import { skipContinue } from "./skip-continue.node.ts";

/** What of TLS can be said that `fetch` has no words for. */
export type TlsOptions = Pick<ConnectionOptions, "ca" | "cert" | "key" | "rejectUnauthorized">;

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
  const lines = new Map<string, ServerLine>();
  const lineTo = (origin: string): ServerLine => {
    const line = lines.get(origin) ?? openLine(origin, tls);
    lines.set(origin, line);
    return line;
  };
  const sessions = http2 ? new Http2Sessions(tls) : undefined;
  const call = async (input: string, init: CallOptions = {}): Promise<Answer> => {
    const url = new URL(input);
    const { signal, method = "GET", body } = init;
    const bytes = body instanceof Uint8Array ? body : undefined;
    const passed = init.answer instanceof PoolAnswer ? init.answer : undefined;
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
    const path = `${url.pathname}${url.search}`;
    const sent = passed?.stream() ?? bytes ?? null;
    // Of its own accord the client ends a connection behind each HEAD.
    const asked = { path, method: method as Dispatcher.HttpMethod, headers, body: sent, reset: false };
    return dispatch(lineTo(url.origin), asked, signal ?? undefined);
  };
  return Object.assign(call, { sendsAnswers: true } as const);
}

/** Connections with a server, as many as there are requests at a time. */
interface ServerLine {
  readonly pool: Pool;
  /** Those that are not there yet. */
  readonly connecting: Set<Socket>;
  /** Requests that wait for one. */
  waitingCount: number;
  /** What a connection breaks off by, while that is told. */
  failure: Error | undefined;
}

function openLine(origin: string, tls: TlsOptions): ServerLine {
  // Of the client this part alone: all of it takes three times as long to load.
  const Connections = createRequire(import.meta.url)("undici/lib/dispatcher/pool.js") as typeof Pool;
  const state = { connecting: new Set<Socket>(), waitingCount: 0, failure: undefined };
  const line: ServerLine = {
    ...state,
    pool: new Connections(origin, {
      connect: (place: ServerPlace, done: (...opened: [Error, null] | [null, Socket]) => void): void => {
        connect(place).then(
          (socket) => done(null, socket),
          (thrown: Error) => done(thrown, null),
        );
      },
      // Who asks says how long all of a request may take.
      headersTimeout: 0,
      bodyTimeout: 0,
    }),
  };
  // Later connections are made with less ado over TLS.
  let session: Buffer | undefined;

  async function connect(place: ServerPlace): Promise<Socket> {
    // The client makes another one for a request that was ended.
    if (line.waitingCount === 0) throw unwanted();
    const socket = await connectSocket(place, { ...tls, ...(session && { session }) }, line.connecting);
    skipContinue(socket);
    socket.on("error", (thrown) => {
      line.failure = thrown;
      queueMicrotask(() => (line.failure = undefined));
    });
    return socket.on("session", (next: Buffer) => (session = next));
  }
  return line;
}

/** Makes a request, which ends at the signal. */
async function dispatch(
  line: ServerLine,
  asked: Dispatcher.DispatchOptions,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  signal?.throwIfAborted();
  let isWaiting = true;
  line.waitingCount += 1;
  const begin = (): void => {
    if (isWaiting) line.waitingCount -= 1;
    isWaiting = false;
  };
  return new Promise((resolve, reject) => {
    let sending: Dispatcher.DispatchController | undefined;
    let answer: PoolAnswer | undefined;
    const end = (): void => {
      begin();
      sending?.abort(signal!.reason as Error);
      reject(signal!.reason as Error);
      // One that is still made would keep the process.
      if (line.waitingCount > 0) return;
      for (const socket of line.connecting) socket.destroy(unwanted());
    };
    const leave = (): void => signal?.removeEventListener("abort", end);
    signal?.addEventListener("abort", end);
    line.pool.dispatch(asked, {
      onRequestStart(controller) {
        begin();
        sending = controller;
        // While there was no connection yet, nothing could be ended.
        if (signal?.aborted === true) end();
      },
      onResponseStart(controller, status, headers) {
        if (status < 200) return; // what is said before the answer
        answer = new PoolAnswer(asked.method, controller, status, headers);
        resolve(answer);
      },
      onResponseData: (_, part) => answer?.take(part),
      onResponseEnd() {
        leave();
        // Of a body that ends with its connection this may not be the end.
        if (line.failure) answer?.fail(line.failure);
        else answer?.end();
      },
      onResponseError(_, thrown) {
        begin();
        leave();
        answer?.fail(thrown);
        reject(thrown);
      },
    });
  });
}

function unwanted(): Error {
  return new Error("nobody waits for the connection");
}

function plainHeaders(headers: RequestInit["headers"]): Record<string, string> {
  const isPlain = headers === undefined || (!(headers instanceof Headers) && !Array.isArray(headers));
  return isPlain ? (headers ?? {}) : Object.fromEntries(new Headers(headers));
}
