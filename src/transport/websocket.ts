import { BlockPool } from "../bytes/block-pool.ts";
import { SyncError, toSyncError, type SyncErrorCode } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { type ByteChannel, type ChannelDuplex, duplexOf } from "./channel.ts";
import { Inbox } from "./inbox.ts";
import { WriteGate } from "./write-gate.ts";

/**
 * What is needed of a WebSocket: those of browsers, Deno, Bun, Node 22 and the ws package have it.
 */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  /** ws tells when it has handed the data to the system; browsers tell nothing. */
  send(data: Bytes, sent?: () => void): void;
  close(code?: number, reason?: string): void;
  addEventListener(
    type: "open" | "message" | "close" | "error",
    listener: (event: SocketEvent) => void,
  ): void;
  /** ws can hold back the peer; browsers cannot. */
  pause?(): void;
  resume?(): void;
}

interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly error?: unknown;
}

/** How `webSocketDuplex` is bounded. */
export interface WebSocketOptions {
  /**
   * Bytes that may wait unread. Behind it the peer is held back where the socket can do that (4 MiB
   * unless given) and cut off with LIMIT where it cannot (16 MiB unless given).
   */
  readonly receiveBytes?: number;
  /**
   * True for a socket whose `send` copies: those of browsers do, and of ws those of clients, which
   * mask. Otherwise the channel does.
   */
  readonly copiesWrites?: true;
}

/** How `connectWebSocket` connects. */
export interface ConnectWebSocketOptions extends WebSocketOptions, AbortOptions {
  /**
   * Subprotocols to offer; none unless given. A server of sessions wants `rsync-stream.1`, and
   * `bearer.TOKEN` beside it for a token.
   */
  readonly protocols?: readonly string[];
}

/** Bytes of the longest message sent, and of the longest one taken. */
export const maxMessageBytes = 1 << 20;
/**
 * Bytes handed to the socket and not yet sent, at which `write` waits. Sockets tell this amount,
 * but those of browsers not when it falls.
 */
const maxBufferedBytes = 2 << 20;
const pollMs = 2;
/** The close code of a channel that was aborted; 4000 to 4999 are an application's own. */
const abortedCode = 4000;
/** Bytes of UTF-8 that a close reason can hold. */
const maxReasonBytes = 123;
const openState = 1;
const closedState = 3;

const codeOfClose: Readonly<Record<number, SyncErrorCode>> = {
  1002: "BAD_MESSAGE",
  1003: "BAD_MESSAGE",
  1007: "BAD_MESSAGE",
  1009: "LIMIT",
};

/**
 * A connection over a WebSocket. Make it before the first message can arrive; write when the socket
 * is open.
 *
 * A direction ends with an empty binary message, for a WebSocket itself closes only as a whole; it
 * is closed with 1000 when both directions ended. A socket that closes sooner is a broken
 * connection.
 */
export function webSocketDuplex(socket: WebSocketLike, options: WebSocketOptions = {}): ChannelDuplex {
  return duplexOf(new SocketChannel(socket, options));
}

/**
 * Connects with the platform's own WebSocket: in browsers, Deno, Bun and Node from 22 on. See
 * `rsync-stream/transport/ws` for older ones.
 *
 * @throws UNSUPPORTED where there is none, PEER_GONE when no connection comes about
 */
export async function connectWebSocket(
  url: string,
  options: ConnectWebSocketOptions = {},
): Promise<ChannelDuplex> {
  if (typeof WebSocket === "undefined")
    throw new SyncError("UNSUPPORTED", "there is no WebSocket on this platform");
  options.signal?.throwIfAborted();
  const socket: WebSocketLike = new WebSocket(url, [...(options.protocols ?? [])]);
  const duplex = webSocketDuplex(socket, { ...options, copiesWrites: true }); // listens before it is open: the peer may speak at once
  await opened(socket, options);
  return duplex;
}

/** Resolves when the socket is open. @throws PEER_GONE when it closes instead */
export function opened(socket: WebSocketLike, { signal }: AbortOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let why = "";
    let cause: unknown;
    const abandon = () => {
      reject(signal?.reason);
      socket.close();
    };
    const settle = (act: () => void) => {
      signal?.removeEventListener("abort", abandon);
      act();
    };
    signal?.addEventListener("abort", abandon, { once: true });
    socket.addEventListener("open", () => settle(resolve));
    socket.addEventListener("error", ({ message, error }) => {
      why = message ? `: ${message}` : "";
      cause = error;
    });
    socket.addEventListener("close", () =>
      settle(() => reject(new SyncError("PEER_GONE", `could not connect${why}`, { cause }))),
    );
  });
}

class SocketChannel implements ByteChannel {
  readonly copiesWrites = true;
  /** Where what is written waits to be sent, unless the socket copies it. */
  readonly #pool: BlockPool | undefined;
  readonly #socket: WebSocketLike;
  readonly #receiveBytes: number;
  readonly #inbox: Inbox;
  readonly #gate = new WriteGate();
  #oursEnded = false;
  #theirsEnded = false;

  constructor(socket: WebSocketLike, { receiveBytes, copiesWrites }: WebSocketOptions) {
    if (!copiesWrites) this.#pool = new BlockPool();
    this.#socket = socket;
    this.#receiveBytes = receiveBytes ?? (socket.pause ? 4 << 20 : 16 << 20);
    this.#inbox = new Inbox({
      fullBytes: this.#receiveBytes,
      onRoom: () => socket.resume?.(),
      onLeave: (reason) => this.abort(reason),
    });
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ code, reason }) => this.#lose(code ?? 1005, reason ?? ""));
    socket.addEventListener("error", () => {}); // a close follows, with its code
    if (socket.readyState > openState) this.#lose(1006, "");
  }

  read(): AsyncIterable<Bytes> {
    return this.#inbox.read();
  }

  async write(bytes: Bytes): Promise<void> {
    this.#gate.enter();
    for (let at = 0; at < bytes.length; at += maxMessageBytes) {
      this.#send(bytes.subarray(at, at + maxMessageBytes));
      while (this.#socket.bufferedAmount > maxBufferedBytes) await this.#wait();
    }
  }

  async end(): Promise<void> {
    if (!this.#gate.end()) return;
    this.#oursEnded = true;
    this.#socket.send(new Uint8Array(0));
    while (this.#socket.bufferedAmount > 0 && this.#socket.readyState !== closedState) await this.#wait();
    this.#closeWhenDone();
  }

  abort(reason: unknown): void {
    this.#socket.resume?.(); // a socket held back would not see the peer's answer to the close
    this.#socket.close(abortedCode, shortened(toSyncError(reason).message));
    this.#inbox.abort(reason);
    this.#gate.break(reason);
  }

  #send(message: Bytes): void {
    const pool = this.#pool;
    if (!pool) return this.#socket.send(message, this.#onSent);
    const copy = pool.take(message.length);
    copy.set(message);
    this.#socket.send(copy, () => {
      pool.give(copy);
      this.#onSent();
    });
  }

  readonly #onSent = (): void => this.#gate.open();

  async #wait(): Promise<void> {
    const timer = setTimeout(() => this.#gate.open(), pollMs);
    try {
      await this.#gate.wait();
    } finally {
      clearTimeout(timer);
    }
  }

  #receive(data: unknown): void {
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
    if (!(bytes instanceof Uint8Array)) return this.abort(new SyncError("BAD_MESSAGE", "a text message"));
    if (bytes.length === 0) return this.#finish();
    if (bytes.length > maxMessageBytes)
      return this.#refuse("a message too long", maxMessageBytes, bytes.length);
    if (this.#inbox.push(bytes as Bytes)) return;
    if (this.#socket.pause) this.#socket.pause();
    else this.#refuse("the peer sends faster than we read", this.#receiveBytes, this.#inbox.waitingBytes);
  }

  #refuse(message: string, limit: number, actual: number): void {
    this.abort(new SyncError("LIMIT", message, { detail: { limit, actual } }));
  }

  #finish(): void {
    this.#theirsEnded = true;
    this.#inbox.end();
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#oursEnded && this.#theirsEnded) this.#socket.close(1000);
  }

  #lose(code: number, reason: string): void {
    if (this.#oursEnded && this.#theirsEnded) return this.#gate.open(); // that is how it is to close
    const words = reason === "" ? "" : `: ${shortened(reason)}`;
    const error = new SyncError(codeOfClose[code] ?? "PEER_GONE", `the connection closed (${code})${words}`);
    this.#inbox.fail(error);
    this.#gate.break(error);
  }
}

function shortened(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxReasonBytes) return text;
  return new TextDecoder().decode(bytes.subarray(0, maxReasonBytes)).replace(/\uFFFD+$/, "");
}
