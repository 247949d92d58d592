import { abortable } from "../bytes/abort.ts";
import { SyncError, toSyncError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import type { Bytes, Duplex } from "../types.ts";
import { type BuilderOptions, type BuildResult, createBuilder } from "./builder.ts";
import { type SendOptions, writeChunkData } from "./sender.ts";
import type { SyncInfo } from "./sync-info.ts";

/**
 * Receives a file over a pair of Web Streams: sends the wishlist, yields the file in order.
 *
 * The rules of `Builder.build` hold for what it yields and throws. When it ends early, both streams are
 * broken off.
 */
export async function* syncFrom(
  duplex: Duplex,
  info: SyncInfo,
  store: Store,
  options: BuilderOptions = {},
): AsyncGenerator<Bytes, BuildResult, undefined> {
  const builder = createBuilder(info, store, options);
  const sending = pump(builder.wishlist, duplex.writable, options.signal).catch((thrown: unknown) => {
    builder.close(thrown);
    throw thrown;
  });
  sending.catch(ignore);
  try {
    const result = yield* builder.build(fromReadable(duplex.readable));
    await sending;
    return result;
  } finally {
    builder.close();
  }
}

/**
 * Sends the chunks of a file over a pair of Web Streams: reads the wishlist, writes the chunk stream.
 *
 * It gives up, even in a wait for the store, when the other end has gone; when it fails, the writable is
 * aborted and not closed, so that the other end does not take what it got for all.
 *
 * @throws the errors of `writeChunkData`; PEER_GONE
 */
export async function serveTo(
  duplex: Duplex,
  info: SyncInfo,
  store: Pick<Store, "get">,
  options: SendOptions = {},
): Promise<void> {
  const gone = new AbortController();
  const onAbort = (): void => gone.abort(options.signal?.reason);
  if (options.signal?.aborted === true) onAbort();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const chunkStream = writeChunkData(info, store, fromReadable(duplex.readable), {
      ...options,
      signal: gone.signal,
    });
    await pump(chunkStream, duplex.writable, gone.signal, (reason) => gone.abort(peerGone(reason)));
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** The blocks of a readable. Ending the iteration cancels it, even while a read waits. */
export function fromReadable(readable: ReadableStream<Bytes>): AsyncIterable<Bytes> {
  return {
    [Symbol.asyncIterator]() {
      const reader = readable.getReader();
      return {
        next: async () => {
          const { done, value } = await reader.read();
          return done ? { done, value: undefined } : { done, value };
        },
        return: async () => {
          await reader.cancel();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/**
 * Writes blocks as the writable takes them, then closes it; aborts it when the source fails.
 *
 * @param onGone called as soon as the writable fails, which may be in a wait for the source
 */
async function pump(
  source: AsyncIterable<Bytes>,
  writable: WritableStream<Bytes>,
  signal: AbortSignal | undefined,
  onGone: (reason: unknown) => void = ignore,
): Promise<void> {
  const writer = writable.getWriter();
  writer.closed.catch(onGone);
  try {
    for await (const bytes of source) {
      await abortable(writer.ready, signal).catch(rethrow);
      writer.write(bytes).catch(ignore);
    }
    await abortable(writer.close(), signal).catch(rethrow);
  } catch (thrown) {
    writer.abort(thrown).catch(ignore);
    throw thrown;
  }

  function rethrow(thrown: unknown): never {
    throw signal?.aborted === true ? signal.reason : peerGone(thrown);
  }
}

function peerGone(reason: unknown): SyncError {
  return toSyncError(reason ?? new Error("the other end has gone"), "PEER_GONE");
}

function ignore(): void {}
