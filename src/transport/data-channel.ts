import type { ChannelDuplex } from "./channel.ts";
import { type MessagePortLike, messagePortDuplex } from "./message-port.ts";

/** What is needed of an RTCDataChannel. */
export interface DataChannelLike {
  binaryType: string;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  addEventListener(type: "message" | "close", listener: (event: DataChannelEvent) => void): void;
}

interface DataChannelEvent {
  readonly type: string;
  readonly data?: unknown;
}

/** Bytes of one message: what every implementation takes, whatever it says of longer ones. */
const messageBytes = 16 << 10;
/** Bytes sent that the peer has not read yet. Channels break when too much waits in them. */
const windowBytes = 1 << 20;

/**
 * A connection over a data channel of WebRTC, reliable and ordered as they are unless made
 * otherwise; it has to be open.
 *
 * It is as a [MessagePort](message-port.ts) with messages of 16 KiB at most: binary ones are
 * content, texts are a number (so many bytes were read), `end`, or `!` and why the connection was
 * broken.
 */
export function dataChannelDuplex(channel: DataChannelLike): ChannelDuplex {
  return messagePortDuplex(portOf(channel), { windowBytes });
}

function portOf(channel: DataChannelLike): MessagePortLike {
  channel.binaryType = "arraybuffer";
  return {
    postMessage(message) {
      if (message instanceof Uint8Array) {
        for (let at = 0; at < message.length; at += messageBytes) {
          channel.send((message as Uint8Array<ArrayBuffer>).subarray(at, at + messageBytes));
        }
      } else if (typeof message === "string") trySend(channel, `!${message}`);
      else trySend(channel, message === null ? "end" : String(Number(message)));
    },
    addEventListener(type, listener) {
      if (type === "close") channel.addEventListener("close", listener);
      if (type !== "message") return;
      channel.addEventListener("message", ({ data }) => listener({ type, data: meaningOf(data) }));
    },
    close: () => channel.close(),
  };
}

/** Words about the content may come when the channel has closed already. */
function trySend(channel: DataChannelLike, text: string): void {
  try {
    channel.send(text);
  } catch {
    // The close event tells, and ends what waits.
  }
}

function meaningOf(data: unknown): unknown {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (data === "end") return null;
  if (typeof data !== "string") return undefined;
  return data.startsWith("!") ? data.slice(1) : Number(data);
}
