import type { ClientRequest, IncomingMessage } from "node:http";
import { StallWatch } from "../bytes/stall-watch.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { type BuildResult, type Builder, type BuilderOptions, createBuilder } from "../remotesync/builder.ts";
import { readSyncInfo } from "../remotesync/sync-info-json.ts";
import type { SyncInfo } from "../remotesync/sync-info.ts";
import type { Store } from "../store/store.ts";
import { type ByteChannel, channelOf } from "../transport/channel.ts";
import { type HttpOptions, openRequest, readRefusal, responseTo } from "../transport/http-request.node.ts";
import { nodeStreamDuplex } from "../transport/node-stream.node.ts";
import type { Bytes } from "../types.ts";

export interface FetchCafsOptions extends HttpOptions, BuilderOptions {
  /** Milliseconds without a byte from the server; 60 s unless given, 0 for no limit. */
  readonly stallMs?: number;
}

const stallMs = 60_000;

/**
 * Fetches a file from whoever serves it as CAFS does (docs/http.md), asking only for chunks that the store lacks.
 *
 * Yields the file in order, every byte verified; every chunk that came is in the store, so a fetch that breaks off goes on
 * with the next call. When it throws, what came out is only the beginning of the file. Memory: as `createBuilder`.
 *
 * The iteration throws what `createBuilder` and its `build` throw; what the server refuses with (`remote`; CHANGED when the file
 * changed between the two requests); PEER_GONE, STALLED, USAGE for another kind of URL, the signal's reason.
 */
export async function* fetchCafs(
  url: string,
  store: Pick<Store, "get" | "put" | "pin">,
  options: FetchCafsOptions = {},
): AsyncGenerator<Bytes, BuildResult, undefined> {
  const { info, etag } = await fetchSyncInfo(url, options);
  const builder = createBuilder(info, store, options);
  try {
    const { channel, request } = await post(url, etag, options);
    const stop = (reason: unknown): void => {
      builder.close(reason);
      channel.abort(reason);
    };
    const watch = new StallWatch(options.stallMs ?? stallMs, stop);
    const wishing = sendWishes(builder, channel).catch(stop);
    try {
      const result = yield* builder.build(watch.watch(channel.read()));
      await wishing;
      return result;
    } finally {
      watch.close();
      stop(new SyncError("ABORTED", "the fetch is over"));
      request.destroy();
    }
  } finally {
    builder.close();
  }
}

/** A SyncInfo and which state of the file it is of, where the server says that. */
export interface FetchedSyncInfo {
  readonly info: SyncInfo;
  readonly etag: string | undefined;
}

/**
 * Fetches the SyncInfo of a file.
 *
 * @throws BAD_SYNCINFO, BAD_PERMUTATION, LIMIT; what the server refuses with; PEER_GONE, STALLED, USAGE, the signal's reason
 */
export async function fetchSyncInfo(url: string, options: FetchCafsOptions = {}): Promise<FetchedSyncInfo> {
  options.signal?.throwIfAborted();
  const request = openRequest(url, "GET", { ...options, headers: { ...options.headers, Accept: "*/*" } });
  request.end();
  try {
    const response = await expectSuccess(request, options);
    let stalled: SyncError | undefined;
    const watch = new StallWatch(options.stallMs ?? stallMs, (error) => response.destroy((stalled = error)));
    try {
      return { info: await readSyncInfo(watch.watch(response), options), etag: response.headers.etag };
    } catch (thrown) {
      options.signal?.throwIfAborted();
      throw stalled ?? toSyncError(thrown, "PEER_GONE");
    } finally {
      watch.close();
    }
  } finally {
    request.destroy();
  }
}

async function post(
  url: string,
  etag: string | undefined,
  options: FetchCafsOptions,
): Promise<{ channel: ByteChannel; request: ClientRequest }> {
  const request = openRequest(url, "POST", {
    ...options,
    headers: {
      ...options.headers,
      // Without it a server of the Go library refuses; it would not let us speak while it answers.
      Connection: "close",
      "Content-Type": "application/octet-stream",
      ...(etag !== undefined && { "If-Match": etag }),
    },
  });
  request.flushHeaders();
  try {
    const response = await expectSuccess(request, options);
    request.on("error", () => {}); // the channel listens too, but not any more after its end
    return { channel: channelOf(nodeStreamDuplex(response, request)), request };
  } catch (thrown) {
    request.destroy();
    throw thrown;
  }
}

async function expectSuccess(request: ClientRequest, options: FetchCafsOptions): Promise<IncomingMessage> {
  const response = await responseTo(request, options);
  if (response.statusCode !== 200) throw await readRefusal(response);
  return response;
}

async function sendWishes({ wishlist }: Builder, channel: ByteChannel): Promise<void> {
  for await (const bytes of wishlist) await channel.write(bytes);
  await channel.end();
}
