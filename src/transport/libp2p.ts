import { SyncError, toSyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { type ByteChannel, type ChannelDuplex, duplexOf } from "./channel.ts";
import { Inbox } from "./inbox.ts";
import { WriteGate } from "./write-gate.ts";

/** What is needed of a stream of js-libp2p, from version 3 of its interface on. */
export interface Libp2pStreamLike {
  readonly writableNeedsDrain: boolean;
  readonly readableEnded?: boolean;
  readonly status: string;
  maxReadBufferLength: number;
  send(data: Bytes): boolean;
  close(): Promise<void>;
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
  addEventListener(
    type: "message" | "drain" | "end" | "close" | "remoteCloseWrite",
    listener: (event: Libp2pStreamEvent) => void,
  ): void;
}

interface Libp2pStreamEvent {
  /** Of a message: bytes, or a list of such that can give them in one run. */
  readonly data?: Bytes | { subarray(): Bytes };
  /** Of a close: why, unless both ends had closed. */
  readonly error?: Error;
}

/** Bytes that may wait unread before the peer is held back. */
const fullBytes = 1 << 20;
/**
 * Bytes that a muxer may still deliver to a paused stream; with less it would reset one that is
 * merely full.
 */
const pausedBytes = 16 << 20;
/** Bytes handed over in one go; a muxer buffers no more than a few of these. */
const sendBytes = 64 << 10;

/**
 * A connection over a stream of js-libp2p: what `node.dialProtocol` gives, and what the handler of
 * a protocol gets. Make it before the first message can arrive. A reset by the peer is PEER_GONE,
 * never an end.
 */
export function libp2pDuplex(stream: Libp2pStreamLike): ChannelDuplex {
  return duplexOf(libp2pChannel(stream));
}

function libp2pChannel(stream: Libp2pStreamLike): ByteChannel {
  const gate = new WriteGate();
  const inbox = new Inbox({ fullBytes, onRoom, onLeave: abort });
  let theirsEnded = false;

  function onRoom(): void {
    if (stream.readableEnded !== true) stream.resume();
  }

  function abort(reason: unknown): void {
    inbox.abort(reason);
    gate.break(reason);
    stream.abort(toSyncError(reason));
  }

  function lose(cause: Error | undefined): void {
    const error = new SyncError("PEER_GONE", cause?.message ?? "the stream is closed", { cause });
    if (cause === undefined && stream.readableEnded !== false) inbox.end();
    else if (cause !== undefined || !theirsEnded) inbox.fail(error);
    // Otherwise both have ended, and what is left in a paused stream comes before its end.
    gate.break(error);
  }

  stream.maxReadBufferLength = Math.max(stream.maxReadBufferLength, pausedBytes);
  stream.addEventListener("message", ({ data }) => {
    if (data !== undefined && !inbox.push(data instanceof Uint8Array ? data : data.subarray()))
      stream.pause();
  });
  // A reset ends the reading, too: only what the peer closed has ended.
  stream.addEventListener("end", () => {
    if (stream.status !== "reset" && stream.status !== "aborted") inbox.end();
  });
  stream.addEventListener("remoteCloseWrite", () => (theirsEnded = true));
  stream.addEventListener("drain", () => gate.open());
  stream.addEventListener("close", ({ error }) => lose(error));
  if (stream.readableEnded === true) inbox.end();
  if (stream.status !== "open") lose(undefined);

  return {
    abort,
    read: () => inbox.read(),
    async write(bytes) {
      gate.enter();
      for (let at = 0; at < bytes.length; at += sendBytes) {
        if (stream.writableNeedsDrain) await gate.wait();
        gate.check();
        stream.send(bytes.subarray(at, at + sendBytes));
      }
      if (stream.writableNeedsDrain) await gate.wait();
    },
    async end() {
      if (!gate.end()) return;
      await stream.close().catch((cause: unknown) => {
        throw new SyncError("PEER_GONE", toSyncError(cause).message, { cause });
      });
    },
  };
}
