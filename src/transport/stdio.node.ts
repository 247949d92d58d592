import { closeSync, createReadStream, openSync, read, write } from "node:fs";
import { Socket } from "node:net";
import { devNull } from "node:os";
import { isPipe } from "../bytes/pipe-descriptor.node.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { type ByteChannel, type ChannelDuplex, duplexOf, type ReadOptions } from "./channel.ts";
import { Inbox } from "./inbox.ts";
import { NodeWriter, queueBytes, readNodeStream, wrapPipeError } from "./node-stream.node.ts";
import { WriteGate } from "./write-gate.ts";

/** Bytes of one read. A pipe of Linux holds a quarter of it unless it was asked to hold more. */
const pipeBlockBytes = 256 << 10;
/** Bytes of one read from a file. */
const fileBlockBytes = 256 << 10;
/**
 * A block of which less was filled is copied out, so that few bytes do not hold a whole block in
 * memory.
 */
const copyBelowBytes = 16 << 10;

/** A `net.Socket` of Bun writes to a descriptor, but reads nothing from one. */
const canReadBySocket = process.versions["bun"] === undefined;

/**
 * A `net.Socket` of Deno closes a standard descriptor itself. Of standard output nobody hears the
 * end for that before Deno exits, and what looks for it then, as koffi does, complains; so it is
 * written as a file is.
 */
const isDeno = process.versions["deno"] !== undefined;

/**
 * What a program reads from its standard input and writes to its standard output. Nothing else in
 * the process may read from the one or write to the other.
 */
export function stdioDuplex(): ChannelDuplex {
  return duplexOf(descriptorChannel(0, 1));
}

/**
 * A channel over two open file descriptors, which it owns from now on: pipes, sockets, terminals or
 * files. Ending it closes a writing pipe or socket. Nothing here ever blocks the process: two
 * programs that talk to each other would hang when both wait in a write.
 */
export function descriptorChannel(input: number, output: number): ByteChannel {
  const reader = readerOf(input, abort);
  const writer = isPipe(output) && !isDeno ? pipeWriter(output) : new FileWriter(output);

  function abort(reason: unknown): void {
    reader.abort(reason);
    writer.abort(reason);
  }

  return {
    abort,
    copiesWrites: true,
    read: (options) => reader.read(options),
    write: (bytes) => writer.write(bytes),
    end: () => writer.end(),
  };
}

/**
 * Closes a standard descriptor, which libuv leaves open, so that the peer sees the end before we
 * exit. The null device takes its number: otherwise the next file opened would, and get what is
 * meant for the old one.
 */
function release(descriptor: number): void {
  if (descriptor > 2) return;
  if (!isDeno) closeSync(descriptor);
  openSync(devNull, descriptor === 0 ? "r" : "w");
}

function pipeWriter(descriptor: number): NodeWriter {
  const socket = new Socket({ fd: descriptor, readable: false, writable: true });
  socket.once("close", () => release(descriptor));
  return new NodeWriter(socket);
}

function readerOf(descriptor: number, abort: (reason: unknown) => void): Reader {
  // A socket refuses files, and terminals would lose their settings.
  if (!isPipe(descriptor)) return fileReader(descriptor, abort);
  return canReadBySocket ? pipeReader(descriptor, abort) : streamReader(descriptor, abort);
}

interface Reader {
  read(options?: ReadOptions): AsyncIterable<Bytes>;
  abort(reason: unknown): void;
}

/** Reads by `onread`, which fills blocks of our own: nothing is copied but what is short. */
function pipeReader(descriptor: number, abort: (reason: unknown) => void): Reader {
  const free: Buffer<ArrayBuffer>[] = [];
  let block = Buffer.allocUnsafeSlow(pipeBlockBytes);
  const socket = new Socket({
    fd: descriptor,
    readable: true,
    writable: false,
    onread: { buffer: () => block, callback: take },
  } as ConstructorParameters<typeof Socket>[0]);
  const inbox = new Inbox({ fullBytes: queueBytes, onRoom: () => socket.resume(), onLeave: abort, onDone });

  function take(length: number): boolean {
    if (length < copyBelowBytes) return inbox.push(new Uint8Array(block.subarray(0, length)));
    const filled = block.subarray(0, length);
    block = free.pop() ?? Buffer.allocUnsafeSlow(pipeBlockBytes);
    return inbox.push(filled);
  }

  function onDone({ buffer }: Bytes): void {
    if (buffer.byteLength === pipeBlockBytes) free.push(Buffer.from(buffer as ArrayBuffer));
  }

  socket.on("end", () => inbox.end());
  socket.on("error", (error) => inbox.fail(wrapPipeError(error)));
  socket.once("close", () => {
    inbox.fail(new SyncError("PEER_GONE", "the stream closed before its end"));
    release(descriptor);
  });
  socket.resume();
  return {
    read: (options) => inbox.read(options),
    abort(reason) {
      inbox.abort(reason);
      socket.destroy();
    },
  };
}

/**
 * Reads a pipe by a stream of files, which can be left while a read is under way only where it is
 * standard input.
 */
function streamReader(descriptor: number, abort: (reason: unknown) => void): Reader {
  const stream = descriptor === 0 ? process.stdin : createReadStream("", { fd: descriptor });
  const inbox = readNodeStream(stream, abort);
  return {
    read: (options) => inbox.read(options),
    abort(reason) {
      inbox.abort(reason);
      stream.destroy();
    },
  };
}

/**
 * Reads when asked. A read of a terminal cannot be called back: its bytes are dropped after an
 * abort.
 */
function fileReader(descriptor: number, abort: (reason: unknown) => void): Reader {
  const free: Buffer<ArrayBuffer>[] = [];
  const onDone = ({ buffer }: Bytes): void => void free.push(Buffer.from(buffer as ArrayBuffer));
  const inbox = new Inbox({ fullBytes: fileBlockBytes, onRoom: next, onLeave: abort, onDone });

  function next(): void {
    const block = free.pop() ?? Buffer.allocUnsafeSlow(fileBlockBytes);
    read(descriptor, block, 0, block.length, null, (error, length) => {
      if (error) inbox.fail(wrapPipeError(error));
      else if (length === 0) inbox.end();
      else if (inbox.push(block.subarray(0, length))) next();
    });
  }

  next();
  return { read: (options) => inbox.read(options), abort: (reason) => inbox.abort(reason) };
}

/** Writes to a file or terminal, one write at a time. */
class FileWriter {
  readonly #descriptor: number;
  readonly #gate = new WriteGate();

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async write(bytes: Bytes): Promise<void> {
    this.#gate.enter();
    for (let at = 0; at < bytes.length;) {
      at += await new Promise<number>((resolve, reject) =>
        write(this.#descriptor, bytes, at, bytes.length - at, null, (error, count) =>
          error ? reject(wrapPipeError(error)) : resolve(count),
        ),
      );
      this.#gate.enter();
    }
  }

  async end(): Promise<void> {
    this.#gate.end();
  }

  abort(reason: unknown): void {
    this.#gate.break(reason);
  }
}
