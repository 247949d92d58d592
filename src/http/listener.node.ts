import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex as NodeDuplex } from "node:stream";
import { SyncError } from "../errors.ts";
import { refuseNoise } from "../transport/refusal.node.ts";
import type { Connections } from "./connections.node.ts";

/** Where a server listens. */
export interface ListenOptions {
  /** The address; 127.0.0.1 unless given, so that nothing is offered to others by accident. */
  readonly host?: string;
  /** The port; any free one unless given. */
  readonly port?: number;
  /** Certificate and key, as PEM, to be reached by https: and wss:. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Bounds of a server that is listened with. */
export const serverLimits = Object.freeze({
  /** Bytes of a request's head. */
  requestHeadBytes: 16_384,
  /**
   * Milliseconds until a request's head is complete, from the connection on; as many for the
   * handshake of TLS before it.
   */
  requestHeadMs: 5000,
  /**
   * Connections at one time, with a session or without; four for each session where there may be
   * more of those.
   */
  connectionCount: 1024,
  /**
   * Connections at one time from one network, and four for each session that one address may have.
   */
  connectionsPerNetworkCount: 256,
  /**
   * Bytes a second that a client has to take, or to complete a frame with, unless `minRateBytes`
   * says otherwise.
   */
  serverRateBytes: 1024,
  /** Characters of the path of a refused request that are reported. */
  loggedPathChars: 1024,
});

/** Who answers what comes. */
export interface Listening {
  readonly connections: Connections;
  handle(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: NodeDuplex, head: Buffer): void;
  /** What came was no request that could be answered. */
  refused(error: SyncError, socket: NodeDuplex): void;
}

/** A server that listens. */
export interface Listener {
  readonly url: string;
  /** Takes no more connections, and closes those on which nothing is under way. */
  stop(): void;
  /** Closes all connections. */
  breakOff(): void;
}

/**
 * Listens for HTTP/1.1, over TLS where there is a certificate.
 *
 * @throws USAGE for a bad certificate or key, IO when it cannot listen
 */
export async function listenHttp(
  { host = "127.0.0.1", port = 0, tls }: ListenOptions,
  listening: Listening,
): Promise<Listener> {
  const settings = {
    requestTimeout: 0, // a session's body ends when the session does, and has limits of its own
    headersTimeout: serverLimits.requestHeadMs,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: serverLimits.requestHeadBytes,
    requireHostHeader: false, // it is asked for where the whole head is looked at
  };
  const server = tls
    ? secured(() => createHttpsServer({ ...settings, handshakeTimeout: serverLimits.requestHeadMs, ...tls }))
    : createHttpServer(settings);
  server.on("connection", (socket: Socket) => listening.connections.enter(socket));
  server.on("request", (request: IncomingMessage, response: ServerResponse) =>
    listening.handle(request, response),
  );
  server.on("upgrade", (request: IncomingMessage, socket, head) => listening.upgrade(request, socket, head));
  server.on("clientError", (thrown: NodeJS.ErrnoException, socket: NodeDuplex) => {
    refuse(thrown, socket, listening);
  });
  await bind(server, port, host);
  return {
    url: urlOf(server, tls !== undefined),
    stop() {
      server.close();
      server.closeIdleConnections();
    },
    breakOff: () => server.closeAllConnections(),
  };
}

function secured<Result>(create: () => Result): Result {
  try {
    return create();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SyncError("USAGE", `no certificate and key in PEM that fit each other: ${reason}`, { cause });
  }
}

function bind(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (cause) => reject(new SyncError("IO", cause.message, { cause })));
    server.listen(port, host);
  });
}

function urlOf(server: Server, secure: boolean): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `${secure ? "https" : "http"}://${family === "IPv6" ? `[${address}]` : address}:${port}/`;
}

const refusals: Readonly<Record<string, readonly [status: number, error: SyncError]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    new SyncError("LIMIT", `the head of a request has ${serverLimits.requestHeadBytes} bytes at most`),
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    new SyncError("STALLED", `the head of a request has to come within ${serverLimits.requestHeadMs} ms`),
  ],
};
const noRequest = [400, new SyncError("BAD_MESSAGE", "this is no request of HTTP/1.1")] as const;

/** What the parser says when a connection ends within a request. */
const cutOff = "HPE_INVALID_EOF_STATE";

/**
 * Tells what was wrong with a request that the parser does not take; a connection that is gone is
 * no request.
 */
function refuse(thrown: NodeJS.ErrnoException, socket: NodeDuplex, { refused }: Listening): void {
  const { code = "" } = thrown;
  const isNoise = code.startsWith("HPE_") && code !== cutOff;
  if (!isNoise && !(code in refusals)) return void socket.destroy();
  const [status, error] = refusals[code] ?? noRequest;
  refused(error, socket);
  refuseNoise(status, error, socket);
}
