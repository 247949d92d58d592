import { abortable } from "../bytes/abort.ts";
import { isSyncError, SyncError, toSyncError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import type { Bytes, Duplex } from "../types.ts";
import { type BuilderOptions, type BuildResult, createBuilder } from "./builder.ts";
import { type SendOptions, writeChunkData } from "./sender.ts";
import type { SyncInfo } from "./sync-info.ts";

/**
 * Receives a file over a pair of Web Streams: sends the wishlist, yields the file in order.
 *
 * The rules of `Builder.build` hold for what it yields and throws. When it ends early, both streams
 * are broken off.
 */
export async function* syncFrom(
  duplex: Duplex,
  info: SyncInfo,
  store: Store,
  options: BuilderOptions = {},
): AsyncGenerator<Bytes, BuildResult, undefined> {
  const life = linkedAbort(options.signal);
  const builder = createBuilder(info, store, { ...options, signal: life.signal });
  const sending = pump(builder.wishlist, duplex.writable, life);
  sending.catch(life.abort);
  try {
    const result = yield* builder.build(fromReadable(duplex.readable));
    await sending;
    return result;
  } finally {
    life.abort(new SyncError("ABORTED", "receiver stopped"));
  }
}

/**
 * Sends the chunks of a file over a pair of Web Streams: reads the wishlist, writes the chunk
 * stream.
 *
 * It gives up, even in a wait for the store, when the other end has gone; when it fails, the
 * writable is aborted and not closed, so that the other end does not take what it got for all.
 *
 * @throws the errors of `writeChunkData`; PEER_GONE
 */
export async function serveTo(
  duplex: Duplex,
  info: SyncInfo,
  store: Pick<Store, "get">,
  options: SendOptions = {},
): Promise<void> {
  const life = linkedAbort(options.signal);
  const wishlist = fromReadable(duplex.readable);
  const chunkStream = writeChunkData(info, store, wishlist, { ...options, signal: life.signal });
  try {
    await pump(chunkStream, duplex.writable, life);
  } finally {
    life.abort(new SyncError("ABORTED", "sender stopped"));
  }
}

/** The end of one conversation, whoever brings it about. */
interface Life {
  readonly signal: AbortSignal;
  readonly abort: (reason: unknown) => void;
}

function linkedAbort(outer: AbortSignal | undefined): Life {
  const controller = new AbortController();
  const follow = (): void => abort(outer?.reason);
  const abort = (reason: unknown): void => {
    outer?.removeEventListener("abort", follow);
    controller.abort(reason);
  };
  outer?.addEventListener("abort", follow, { once: true });
  if (outer?.aborted === true) follow();
  return { signal: controller.signal, abort };
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
 * Writes blocks as the writable takes them, then closes it; aborts it when the source fails. A
 * writable that fails ends the conversation at once, even in a wait for the source.
 */
async function pump(
  source: AsyncIterable<Bytes>,
  writable: WritableStream<Bytes>,
  life: Life,
): Promise<void> {
  const writer = writable.getWriter();
  writer.closed.catch((reason: unknown) => life.abort(peerGone(reason)));
  try {
    for await (const bytes of source) {
      await abortable(writer.ready, life.signal);
      writer.write(bytes).catch(ignore);
    }
    await abortable(writer.close(), life.signal);
  } catch (thrown) {
    // Breaking off because of an error may look like the peer's leaving before the error gets here.
    const isFirst = isSyncError(thrown) || !life.signal.aborted;
    const reason = isFirst ? toSyncError(thrown, "PEER_GONE") : life.signal.reason;
    writer.abort(reason).catch(ignore);
    throw reason;
  }
}

function peerGone(reason: unknown): SyncError {
  return toSyncError(reason ?? new Error("the other end has gone"), "PEER_GONE");
}

function ignore(): void {}
