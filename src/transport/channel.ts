import { SyncError, toSyncError } from "../errors.ts";
import type { Bytes, Duplex } from "../types.ts";
import { WriteGate } from "./write-gate.ts";

/**
 * A duplex as plain calls: what a session drives. It costs one promise per block where a pair of
 * Web Streams costs several, so every transport is written as a channel and dressed as a Duplex.
 *
 * The two directions end apart from each other: `end` closes ours, `read` returns when the peer
 * closes theirs. A connection that broke is never mistaken for an end: `read` and `write` then
 * throw PEER_GONE.
 */
export interface ByteChannel {
  /**
   * True when `write` copies what it is given: the bytes may then be changed as soon as it has
   * resolved.
   */
  readonly copiesWrites?: true;
  /**
   * The bytes that arrive, in blocks of any size. Call it once. Leaving the loop early aborts the
   * channel.
   *
   * @throws PEER_GONE when the peer vanished, or the reason of `abort`
   */
  read(options?: ReadOptions): AsyncIterable<Bytes>;
  /**
   * Hands bytes over; they must not be changed afterwards, unless the channel copies them. Resolves
   * when there is room for more, which can be long before they arrive. Wait for one write before
   * the next.
   *
   * @throws PEER_GONE when the peer vanished, or the reason of `abort`
   */
  write(bytes: Bytes): Promise<void>;
  /**
   * Says that nothing more will be written and resolves when all of it was handed to the system.
   */
  end(): Promise<void>;
  /**
   * Breaks both directions at once. Everything that waits rejects with the reason. May be called
   * twice.
   */
  abort(reason: unknown): void;
}

/** How blocks are read. */
export interface ReadOptions {
  /**
   * True when the caller is done with a block when it asks for the next one, so that its memory may
   * be used again; otherwise each block is the caller's own.
   */
  readonly transient?: boolean;
}

/** A Duplex that brings its channel along, so that who knows of it can go round the Web Streams. */
export interface ChannelDuplex extends Duplex {
  readonly channel: ByteChannel;
}

/** The channel of a duplex: its own when it brings one, otherwise one over its two streams. */
export function channelOf(duplex: Duplex): ByteChannel {
  const own = (duplex as Partial<ChannelDuplex>).channel;
  return own ?? channelOverStreams(duplex);
}

/**
 * Dresses a channel as a pair of Web Streams. Nothing is read before somebody asks the readable.
 */
export function duplexOf(channel: ByteChannel): ChannelDuplex {
  let blocks: AsyncIterator<Bytes> | undefined;
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        blocks ??= channel.read()[Symbol.asyncIterator]();
        const { done, value } = await blocks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => channel.abort(reason ?? new SyncError("ABORTED", "the reader cancelled")),
    },
    { highWaterMark: 0 },
  );
  const writable = new WritableStream<Uint8Array>(
    {
      write: (bytes) => channel.write(bytes),
      close: () => channel.end(),
      abort: (reason) => channel.abort(reason ?? new SyncError("ABORTED", "the writer aborted")),
    },
    { highWaterMark: 1 },
  );
  return { readable, writable, channel };
}

function channelOverStreams({ readable, writable }: Duplex): ByteChannel {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const gate = new WriteGate();
  let broken: { readonly reason: unknown } | undefined;
  const lose = (thrown: unknown) => gate.break(toSyncError(thrown, "PEER_GONE"));
  writer.closed.catch(lose);
  reader.closed.catch(() => {}); // the next read meets it

  function abort(reason: unknown): void {
    broken ??= { reason };
    gate.break(broken.reason);
    reader.cancel(reason).catch(() => {});
    writer.abort(reason).catch(() => {});
  }

  async function next(): Promise<Bytes | undefined> {
    const result = await reader.read().catch((thrown) => {
      throw broken ? broken.reason : toSyncError(thrown, "PEER_GONE");
    });
    if (broken) throw broken.reason; // a cancelled stream looks like one that ended
    return result.value;
  }

  async function* read(): AsyncGenerator<Bytes> {
    let left = false;
    try {
      for (let block = await next(); block; block = await next()) {
        left = true;
        yield block;
        left = false;
      }
    } finally {
      if (left) abort(new SyncError("ABORTED", "the reader stopped early"));
    }
  }

  return {
    read,
    abort,
    async write(bytes) {
      gate.enter();
      writer.write(bytes).catch(lose);
      await writer.ready.catch(lose);
      gate.check();
    },
    async end() {
      if (!gate.end()) return;
      await writer.close().catch(lose);
      gate.check();
    },
  };
}
