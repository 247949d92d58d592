import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { override } from "../bytes/override.ts";
import { SyncError } from "../errors.ts";
import { type ByteChannel, type ChannelDuplex, duplexOf } from "./channel.ts";
import { defaultConnectMs, type HttpOptions, readRefusal, trustOf } from "./http-request.node.ts";
import {
  type WebSocketLike,
  type WebSocketOptions,
  maxMessageBytes,
  opened,
  webSocketDuplex,
} from "./websocket.ts";

/**
 * What both ends set: chunks do not compress twice, nobody sends longer messages than we do, and
 * who does not answer to the closing of the connection is not waited for: a dead line would keep a
 * program that is done for half a minute. What waits for the rest of a message costs more than its
 * bytes, so its pieces are bounded too; a proxy may cut up messages, but not into crumbs.
 */
export const socketOptions = {
  perMessageDeflate: false,
  maxPayload: maxMessageBytes,
  maxFragments: 1024,
  maxBufferedChunks: 4096,
  autoPong: false,
  closeTimeout: 2000,
} as const;

/** What is needed of a socket of the ws package, whose types do not come with it. */
export interface WsSocket extends WebSocketLike {
  on(event: "ping", listener: (data: Uint8Array) => void): unknown;
  pong(data: Uint8Array, mask: undefined, sent: () => void): void;
}

/** A connection over a socket of ws that was made with `socketOptions`. */
export function wsDuplex(socket: WsSocket, options: WebSocketOptions = {}): ChannelDuplex {
  // The answers to a flood of pings would wait in memory for a peer that takes none. Who is sent so
  // much hears that we live.
  socket.on("ping", (data) => {
    if (socket.bufferedAmount < maxMessageBytes) socket.pong(data, undefined, () => {});
  });
  const duplex = webSocketDuplex(socket, options);
  socket.binaryType = "nodebuffer"; // which lies in what was read, where an ArrayBuffer would be a copy
  return duplex;
}

/** How `connectWs` connects. */
export interface ConnectWsOptions extends WebSocketOptions, HttpOptions {
  /** Subprotocols to offer; none unless given. */
  readonly protocols?: readonly string[];
}

/**
 * Connects by the ws package: holds back a peer that sends too fast, which no browser can.
 *
 * @throws what the server refuses with (`remote`), PEER_GONE when no connection comes about, USAGE
 *   for another kind of URL
 */
export async function connectWs(url: string, options: ConnectWsOptions = {}): Promise<ChannelDuplex> {
  options.signal?.throwIfAborted();
  const socket = openSocket(url, options);
  const duplex = wsDuplex(socket, { ...options, copiesWrites: true }); // listens before it is open: the peer may speak at once
  const refusal = new Promise<never>((_, reject) => {
    socket.once("unexpected-response", (request, response: IncomingMessage) => {
      void readRefusal(response)
        .then(reject)
        .finally(() => request.destroy());
    });
  });
  await Promise.race([opened(socket, options), refusal]);
  return leavingAtTheEnd(duplex.channel, () => setImmediate(() => socket.terminate()));
}

/**
 * When both directions have ended, and all is with the system, there is nothing to wait for: the
 * closing handshake is a round trip.
 */
function leavingAtTheEnd(channel: ByteChannel, leave: () => void): ChannelDuplex {
  let allSent = false;
  let allRead = false;
  return duplexOf(
    override(channel, {
      async end() {
        await channel.end();
        allSent = true;
        if (allRead) leave();
      },
      async *read(options) {
        yield* channel.read(options);
        allRead = true;
        if (allSent) leave();
      },
    }),
  );
}

function openSocket(url: string, options: ConnectWsOptions): WebSocket {
  const { headers, agent, protocols = [], connectMs: handshakeTimeout = defaultConnectMs } = options;
  try {
    return new WebSocket(url, [...protocols], {
      ...socketOptions,
      headers: { ...headers },
      ...trustOf(options),
      ...(agent && { agent }),
      ...(handshakeTimeout > 0 && { handshakeTimeout }),
    });
  } catch (cause) {
    throw new SyncError("USAGE", `not a URL of ws: or wss:: ${url}`, { cause });
  }
}

/** How `listenWs` listens. */
export interface ListenWsOptions extends WebSocketOptions {
  /**
   * The address to listen on; 127.0.0.1 unless given, so that nothing is offered to others by
   * accident.
   */
  readonly host?: string;
  /** The port; any free one unless given. */
  readonly port?: number;
  /**
   * Whether to take a connection, by its request. Unless given, requests that come from a web page
   * are refused.
   */
  readonly accept?: (request: IncomingMessage) => boolean;
  /** Connections at one time; 64 unless given. More are refused. */
  readonly maxConnectionCount?: number;
}

/** A server of WebSocket connections. */
export interface WsListener {
  /** Where it can be reached: `ws://127.0.0.1:8730`. */
  readonly url: string;
  /** Stops listening and breaks what is connected. May be called twice. */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Listens for WebSocket connections.
 *
 * @param onConnection gets each connection as a duplex; what it throws breaks that connection only
 * @throws IO when it cannot listen there
 */
export async function listenWs(
  onConnection: (duplex: ChannelDuplex, request: IncomingMessage) => void | Promise<void>,
  options: ListenWsOptions = {},
): Promise<WsListener> {
  const { host = "127.0.0.1", port = 0, accept = isNoWebPage, maxConnectionCount = 64 } = options;
  const server = new WebSocketServer({
    ...socketOptions,
    host,
    port,
    verifyClient({ req }: { req: IncomingMessage }, answer: (take: boolean, status: number) => void) {
      if (server.clients.size >= maxConnectionCount) answer(false, 503);
      else answer(accept(req), 403);
    },
  });
  await listening(server);
  server.on("connection", (socket, request) => {
    const duplex = wsDuplex(socket, options);
    const talk = async () => onConnection(duplex, request);
    talk().catch((thrown) => duplex.channel.abort(thrown));
  });
  const { address, family, port: bound } = server.address() as AddressInfo;

  async function close(): Promise<void> {
    for (const socket of server.clients) socket.terminate();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  return {
    url: `ws://${family === "IPv6" ? `[${address}]` : address}:${bound}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Browsers send an Origin with every WebSocket request, and any page may make one to any local
 * port.
 */
function isNoWebPage(request: IncomingMessage): boolean {
  return request.headers.origin === undefined;
}

function listening(server: WebSocketServer): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (error) => reject(new SyncError("IO", error.message, { cause: error })));
  });
}
