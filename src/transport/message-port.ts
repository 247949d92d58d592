import { SyncError, toSyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { type ByteChannel, type ChannelDuplex, duplexOf } from "./channel.ts";
import { Inbox } from "./inbox.ts";
import { WriteGate } from "./write-gate.ts";

/**
 * What is needed of a MessagePort; those of browsers and of Node have it, and a browser's Worker
 * too.
 */
export interface MessagePortLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(
    type: "message" | "messageerror" | "close",
    listener: (event: { readonly type: string; readonly data?: unknown }) => void,
  ): void;
  start?(): void;
  close?(): void;
}

/** How `messagePortDuplex` is bounded. */
export interface MessagePortOptions {
  /** Bytes sent that the peer has not read yet, before `write` waits; 4 MiB unless given. */
  readonly windowBytes?: number;
}

/** No peer that keeps to the rules has more than this on the way, whatever its window. */
const maxWindowBytes = 64 << 20;
/** Characters of the other end's last words that are kept. */
const maxReasonLength = 200;

/**
 * A connection over one MessagePort, to another thread, frame or tab that does the same with the
 * other port.
 *
 * A message is a block of bytes (a Uint8Array of its own), a number (so many bytes were read: the
 * back-pressure), null (the direction ends) or a text (broken, and why). Blocks are copied once,
 * then transferred. The port is closed when both directions ended. Not every platform says when the
 * other port is gone: give a session a stall timeout.
 */
export function messagePortDuplex(port: MessagePortLike, options: MessagePortOptions = {}): ChannelDuplex {
  return duplexOf(new PortChannel(port, options.windowBytes ?? 4 << 20));
}

class PortChannel implements ByteChannel {
  readonly #port: MessagePortLike;
  readonly #windowBytes: number;
  readonly #inbox: Inbox;
  readonly #gate = new WriteGate();
  #unreadBytes = 0;
  #takenBytes = 0;
  #oursEnded = false;
  #theirsEnded = false;
  #closed = false;

  constructor(port: MessagePortLike, windowBytes: number) {
    this.#port = port;
    this.#windowBytes = windowBytes;
    this.#inbox = new Inbox({
      fullBytes: maxWindowBytes,
      onTaken: (bytes) => this.#acknowledge(bytes),
      onLeave: (reason) => this.abort(reason),
    });
    port.addEventListener("message", ({ data }) => this.#receive(data));
    port.addEventListener("messageerror", () =>
      this.abort(new SyncError("BAD_MESSAGE", "a message that cannot be read")),
    );
    port.addEventListener("close", () => this.#lose("the other port is closed"));
    port.start?.();
  }

  read(): AsyncIterable<Bytes> {
    return this.#inbox.read();
  }

  async write(bytes: Bytes): Promise<void> {
    this.#gate.enter();
    if (bytes.length === 0) return;
    const copy = new Uint8Array(bytes); // of its own: a view would take its whole buffer along
    this.#unreadBytes += copy.length;
    this.#port.postMessage(copy, [copy.buffer]);
    if (this.#unreadBytes >= this.#windowBytes) await this.#gate.wait();
  }

  async end(): Promise<void> {
    if (!this.#gate.end()) return;
    this.#oursEnded = true;
    this.#port.postMessage(null, []);
    if (this.#theirsEnded) this.#close();
  }

  abort(reason: unknown): void {
    if (!this.#closed) this.#port.postMessage(toSyncError(reason).message.slice(0, maxReasonLength), []);
    this.#close();
    this.#inbox.abort(reason);
    this.#gate.break(reason);
  }

  #receive(data: unknown): void {
    if (data instanceof Uint8Array) this.#take(data);
    else if (typeof data === "number" && data > 0 && data <= this.#unreadBytes) this.#credit(data);
    else if (data === null) this.#finish();
    else if (typeof data === "string") this.#lose(data.slice(0, maxReasonLength));
    else this.abort(new SyncError("BAD_MESSAGE", "a message of no known kind"));
  }

  #take(bytes: Bytes): void {
    if (this.#inbox.push(bytes)) return;
    const detail = { limit: maxWindowBytes, actual: this.#inbox.waitingBytes };
    this.abort(new SyncError("LIMIT", "the peer sends without waiting", { detail }));
  }

  #credit(bytes: number): void {
    this.#unreadBytes -= bytes;
    if (this.#unreadBytes < this.#windowBytes) this.#gate.open();
  }

  /**
   * Tells the peer at every eighth of a window: often enough to keep it going, rarely enough to
   * cost nothing.
   */
  #acknowledge(bytes: number): void {
    this.#takenBytes += bytes;
    if (this.#closed) return;
    const idle = this.#inbox.waitingBytes === 0;
    if (this.#takenBytes < this.#windowBytes / 8 && !idle) return;
    this.#port.postMessage(this.#takenBytes, []);
    this.#takenBytes = 0;
  }

  #finish(): void {
    this.#theirsEnded = true;
    this.#inbox.end();
    if (this.#oursEnded) this.#close();
  }

  #lose(why: string): void {
    if (this.#closed) return;
    this.#close();
    const error = new SyncError("PEER_GONE", why);
    this.#inbox.fail(error);
    this.#gate.break(error);
  }

  /** A port of Node keeps its process alive until it is closed. */
  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close?.();
  }
}
