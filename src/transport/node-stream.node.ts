import type { Readable, Writable } from "node:stream";
import { SyncError, isSyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { type ByteChannel, type ChannelDuplex, duplexOf } from "./channel.ts";
import { Inbox } from "./inbox.ts";
import { WriteGate } from "./write-gate.ts";

/** Bytes that may wait in one direction, in our own queues, on their way from or to the system. */
export const queueBytes = 1 << 20;

/**
 * What a system call's failure on a pipe or socket means here: PEER_GONE when nobody is at the
 * other end.
 */
export function wrapPipeError(thrown: unknown): SyncError {
  if (isSyncError(thrown)) return thrown;
  const name = (thrown as NodeJS.ErrnoException).code ?? "";
  if (goneNames.has(name)) return new SyncError("PEER_GONE", "the connection broke", { cause: thrown });
  return new SyncError("IO", thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}

const goneNames = new Set(["EPIPE", "ECONNRESET", "ECONNABORTED", "ENOTCONN", "ESHUTDOWN", "EOF"]);

/**
 * A connection over Node streams: a net.Socket (as both), a TLS socket, a channel of an ssh
 * library. A socket that the peer may half-close needs `allowHalfOpen`.
 */
export function nodeStreamDuplex(source: Readable, sink: Writable): ChannelDuplex {
  return duplexOf(nodeStreamChannel(source, sink));
}

/** The channel of `nodeStreamDuplex`. */
export function nodeStreamChannel(source: Readable, sink: Writable): ByteChannel {
  const inbox = readNodeStream(source, abort);
  const writer = new NodeWriter(sink);

  function abort(reason: unknown): void {
    inbox.abort(reason);
    writer.abort(reason);
    source.destroy();
  }

  return {
    abort,
    copiesWrites: true,
    read: (options) => inbox.read(options),
    write: (bytes) => writer.write(bytes),
    end: () => writer.end(),
  };
}

/**
 * The reading half of a channel over a Node stream: takes blocks as they come; a full inbox pauses
 * it.
 *
 * @param onLeave called when the reader leaves before the end
 */
export function readNodeStream(source: Readable, onLeave: (reason: unknown) => void): Inbox {
  const inbox = new Inbox({ fullBytes: queueBytes, onRoom: () => source.resume(), onLeave });
  source.on("data", (bytes: Bytes) => {
    if (!inbox.push(bytes)) source.pause();
  });
  source.on("end", () => inbox.end());
  source.on("error", (error) => inbox.fail(wrapPipeError(error)));
  const onClose = (): void => inbox.fail(new SyncError("PEER_GONE", "the stream closed before its end"));
  source.on("close", onClose);
  if (source.readableEnded) inbox.end();
  else if (source.destroyed) onClose();
  return inbox;
}

/** Bytes that are handed to the system in one write. */
const writeBlockBytes = 256 << 10;

/**
 * The writing half of a channel over a Node stream. What is written is copied into blocks: small
 * writes go out together while the system is busy with the one before, and the caller has its bytes
 * back at once.
 */
export class NodeWriter {
  readonly #sink: Writable;
  readonly #gate = new WriteGate();
  readonly #free: Buffer<ArrayBuffer>[] = [];
  #block = Buffer.allocUnsafeSlow(writeBlockBytes);
  #filled = 0;
  #underWay = 0;

  constructor(sink: Writable) {
    this.#sink = sink;
    sink.on("error", (error) => this.#gate.break(wrapPipeError(error)));
    const onClose = (): void => this.#gate.break(new SyncError("PEER_GONE", "the stream is closed"));
    sink.on("close", onClose);
    if (sink.destroyed) onClose();
  }

  async write(bytes: Bytes): Promise<void> {
    this.#gate.enter();
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#block.length - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#block.length) this.#flush();
    }
    if (this.#underWay === 0) this.#flush();
    if (this.#sink.writableLength > queueBytes) await this.#gate.wait();
  }

  async end(): Promise<void> {
    if (!this.#gate.end()) return;
    this.#flush();
    const finished = new Promise<void>((resolve) => this.#sink.once("finish", resolve));
    this.#sink.end();
    await Promise.race([finished, this.#gate.wait()]);
  }

  abort(reason: unknown): void {
    this.#gate.break(reason);
    this.#sink.destroy();
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const block = this.#block;
    const filled = block.subarray(0, this.#filled);
    this.#block = this.#free.pop() ?? Buffer.allocUnsafeSlow(writeBlockBytes);
    this.#filled = 0;
    this.#underWay += 1;
    this.#sink.write(filled, (error) => {
      this.#underWay -= 1;
      this.#free.push(block);
      // Behind the end nobody waits for room, but for the last byte to be taken.
      if (error || this.#sink.writableEnded) return;
      if (this.#underWay === 0) this.#flush();
      if (this.#sink.writableLength <= queueBytes / 2) this.#gate.open();
    });
  }
}
