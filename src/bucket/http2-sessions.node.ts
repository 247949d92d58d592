import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  type IncomingHttpHeaders,
} from "node:http2";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { Readable } from "node:stream";
import { connectSocket } from "./connect-socket.node.ts";

/** Statuses that have no body, by which a response cannot be made with one. */
export const bodilessStatuses: ReadonlySet<number> = new Set([204, 205, 304]);

/** What a server has room for on a connection of HTTP/2, and how long it may take. */
export const http2Limits = Object.freeze({
  /** Bytes that may be on their way on a connection. */
  sessionWindowBytes: 33_554_432,
  /** Bytes of them that may be those of one answer. */
  streamWindowBytes: 2_097_152,
});

/**
 * Sessions of HTTP/2 with servers that offer it, one for each, over which all requests go at one
 * time.
 */
export class Http2Sessions {
  readonly #tls: ConnectionOptions;
  readonly #sessions = new Map<string, Promise<Http2Requests | undefined>>();

  constructor(tls: ConnectionOptions) {
    this.#tls = tls;
  }

  /** The session with a server; undefined for one that speaks HTTP/1.1 alone. */
  with(origin: string): Promise<Http2Requests | undefined> {
    const before = this.#sessions.get(origin);
    if (before) return before;
    // A session that has left its place to another may end later.
    const forget = (): void => void (this.#sessions.get(origin) === session && this.#sessions.delete(origin));
    const session = this.#open(new URL(origin), forget);
    this.#sessions.set(origin, session);
    session.catch(forget);
    return session;
  }

  async #open(url: URL, onEnd: () => void): Promise<Http2Requests | undefined> {
    const protocols = { ALPNProtocols: ["h2", "http/1.1"] };
    const socket = await connectSocket<TLSSocket>(url, { ...protocols, ...this.#tls });
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      return undefined;
    }
    const session = connectHttp2(url.origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: http2Limits.streamWindowBytes },
    });
    session.once("connect", () => session.setLocalWindowSize(http2Limits.sessionWindowBytes));
    session.once("close", onEnd);
    session.once("goaway", onEnd);
    session.on("error", onEnd); // its requests fail by it
    return new Http2Requests(session, onEnd);
  }
}

/** A request. */
export interface Http2Request {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal | null | undefined;
}

/** The requests of a session, of which only those under way keep the process. */
export class Http2Requests {
  readonly #session: ClientHttp2Session;
  readonly #onEnd: () => void;
  #count = 0;

  /** @param onEnd called when no more requests are to be made by it */
  constructor(session: ClientHttp2Session, onEnd: () => void) {
    this.#session = session;
    this.#onEnd = onEnd;
    session.unref();
  }

  /** Makes a request; a stream that breaks off is an error, never an end. */
  send({ url, method, headers, body, signal }: Http2Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request(
        { ...headers, ":method": method, ":path": `${url.pathname}${url.search}` },
        { endStream: body === undefined, ...(signal && { signal }) },
      );
      if (this.#count++ === 0) this.#session.ref();
      stream.on("error", reject);
      stream.once("aborted", () => stream.destroy(new Error("the server broke the stream off")));
      stream.once("close", () => {
        if (--this.#count === 0) this.#session.unref();
        if (signal?.aborted === true) this.#leave();
        reject(new Error("the stream was closed without an answer"));
      });
      stream.once("response", (answer) => {
        try {
          resolve(responseTo(method, stream, answer));
        } catch (thrown) {
          stream.destroy(thrown as Error); // a server may send what is no status
        }
      });
      if (body !== undefined) stream.end(body);
    });
  }

  /** A request was given up: its connection may be dead, so others do not wait for it. */
  #leave(): void {
    this.#onEnd();
    this.#session.close();
  }
}

function responseTo(method: string, stream: ClientHttp2Stream, answer: IncomingHttpHeaders): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer))
    if (!name.startsWith(":"))
      for (const one of [value].flat()) if (one !== undefined) headers.append(name, one);
  const status = Number(answer[":status"] ?? 500);
  const isEmpty = method === "HEAD" || bodilessStatuses.has(status);
  if (isEmpty) stream.resume();
  const content = isEmpty ? null : (Readable.toWeb(stream) as ReadableStream<Uint8Array>);
  return new Response(content, { status, headers });
}
