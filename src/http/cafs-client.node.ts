import type { IncomingMessage } from "node:http";
import { StallWatch } from "../bytes/stall-watch.ts";
import { toHex } from "../bytes/hex.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { type BuildResult, type Builder, type BuilderOptions, createBuilder } from "../remotesync/builder.ts";
import { readSyncInfo } from "../remotesync/sync-info-json.ts";
import type { SyncInfo } from "../remotesync/sync-info.ts";
import type { Store } from "../store/store.ts";
import { type HttpOptions, openRequest, readRefusal, responseTo } from "../transport/http-request.node.ts";
import type { Inbox } from "../transport/inbox.ts";
import { NodeWriter, readNodeStream } from "../transport/node-stream.node.ts";
import type { Bytes } from "../types.ts";

export interface FetchCafsOptions extends HttpOptions, BuilderOptions {
  /**
   * As `BuilderOptions` has it; 1024 unless given, about 8 MiB under way, so that a distant server
   * is kept busy.
   */
  readonly windowCount?: number;
  /** Milliseconds without a byte from the server; 60 s unless given, 0 for no limit. */
  readonly stallMs?: number;
  /** The first hex digits of the digest that the whole file must have, as some URLs name them. */
  readonly keyPrefix?: string;
}

const stallMs = 60_000;
const windowCount = 1024;

/**
 * Fetches a file from whoever serves it as CAFS does (docs/http.md), asking only for chunks that
 * the store lacks.
 *
 * Yields the file in order, every byte verified; every chunk that came is in the store, so a fetch
 * that breaks off goes on with the next call. When it throws, what came out is only the beginning
 * of the file. Memory: as `createBuilder`.
 *
 * The iteration throws what `createBuilder` and its `build` throw; what the server refuses with
 * (`remote`; CHANGED when the file changed between the two requests); PEER_GONE, STALLED, USAGE for
 * another kind of URL, the signal's reason.
 */
export async function* fetchCafs(
  url: string,
  store: Pick<Store, "get" | "put" | "pin">,
  options: FetchCafsOptions = {},
): AsyncGenerator<Bytes, BuildResult, undefined> {
  checkKeyPrefix(options.keyPrefix);
  return yield* fetchContent(url, await fetchSyncInfo(url, options), store, options);
}

/**
 * The second half of `fetchCafs`, which does and throws the same: fetches the file that a SyncInfo
 * from this URL describes.
 */
export async function* fetchContent(
  url: string,
  { info, etag }: FetchedSyncInfo,
  store: Pick<Store, "get" | "put" | "pin">,
  options: FetchCafsOptions = {},
): AsyncGenerator<Bytes, BuildResult, undefined> {
  checkKeyPrefix(options.keyPrefix);
  const builder = createBuilder(info, store, {
    windowCount,
    ...options,
    wantsKey: options.keyPrefix !== undefined || options.wantsKey !== false,
  });
  const exchange = openExchange(url, etag, options);
  const stop = (reason: unknown): void => {
    builder.close(reason);
    exchange.close(reason);
  };
  const onAbort = (): void => stop(options.signal?.reason);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const watch = new StallWatch(options.stallMs ?? stallMs, stop);
  exchange.inbox.catch(stop);
  const wishing = sendWishes(builder, exchange).catch(stop);
  try {
    const result = yield* builder.build(watch.watch(readAnswer(exchange)));
    await watch.wait(wishing);
    checkKey(result, options.keyPrefix);
    return result;
  } finally {
    watch.close();
    options.signal?.removeEventListener("abort", onAbort);
    stop(new SyncError("ABORTED", "the fetch is over"));
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
 * @throws BAD_SYNCINFO, BAD_PERMUTATION, LIMIT; what the server refuses with; PEER_GONE, STALLED,
 *   USAGE, the signal's reason
 */
export async function fetchSyncInfo(url: string, options: FetchCafsOptions = {}): Promise<FetchedSyncInfo> {
  return refetchSyncInfo(url, undefined, options);
}

/**
 * The same, for who has fetched it before: a server that knows states of files is not asked for
 * more than whether this is still the one.
 *
 * @returns `known` itself when the server says so; else what is there now, which may be equal
 */
export async function refetchSyncInfo(
  url: string,
  known: FetchedSyncInfo | undefined,
  options: FetchCafsOptions = {},
): Promise<FetchedSyncInfo> {
  options.signal?.throwIfAborted();
  const condition = known?.etag === undefined ? undefined : { "If-None-Match": known.etag };
  const headers = { ...options.headers, Accept: "*/*", ...condition };
  const request = openRequest(url, "GET", { ...options, headers });
  request.end();
  try {
    const response = await responseTo(request, options);
    if (known && condition && response.statusCode === 304) return known;
    await checkStatus(response);
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

/** A POST that is under way in both directions. */
interface Exchange {
  readonly writer: NodeWriter;
  /** What comes back, once the server has agreed to answer. */
  readonly inbox: Promise<Inbox>;
  close(reason: unknown): void;
}

function openExchange(url: string, etag: string | undefined, options: FetchCafsOptions): Exchange {
  const request = openRequest(url, "POST", {
    ...options,
    headers: {
      ...options.headers,
      // Without it a server of the Go library refuses; it would not let us speak while it answers.
      Connection: "close",
      "Content-Type": "application/octet-stream",
      // A weak one, of a proxy that packs what it passes on, matches nothing.
      ...(etag?.startsWith('"') === true && { "If-Match": etag }),
    },
  });
  const writer = new NodeWriter(request);
  const close = (reason: unknown): void => writer.abort(reason);
  request.flushHeaders();
  const inbox = readAfter(responseTo(request, options), close);
  return { writer, inbox, close };
}

async function* readAnswer({ inbox }: Exchange): AsyncGenerator<Bytes, void, undefined> {
  yield* (await inbox).read();
}

/**
 * Sends the wishlist. A server that has said all that it has to say may be gone before it is all
 * sent: then its answer tells whether that was enough, and one that refuses tells why.
 */
async function sendWishes({ wishlist }: Builder, { writer, inbox }: Exchange): Promise<void> {
  let isGone = false;
  const attempt = async (call: () => Promise<void>): Promise<void> => {
    if (isGone) return;
    await call().catch(async () => {
      await inbox;
      isGone = true;
    });
  };
  for await (const bytes of wishlist) await attempt(() => writer.write(bytes));
  await attempt(() => writer.end());
}

async function readAfter(
  answer: Promise<IncomingMessage>,
  onLeave: (reason: unknown) => void,
): Promise<Inbox> {
  const response = await answer;
  await checkStatus(response);
  return readNodeStream(response, onLeave);
}

async function checkStatus(response: IncomingMessage): Promise<void> {
  if (response.statusCode !== 200) throw await readRefusal(response);
}

function checkKeyPrefix(prefix = ""): void {
  if (/^[0-9a-f]{0,64}$/i.test(prefix)) return;
  throw new SyncError("USAGE", `not the first digits of a digest: ${prefix}`);
}

function checkKey({ key }: BuildResult, prefix = ""): void {
  const digits = key ? toHex(key) : "";
  if (digits.startsWith(prefix.toLowerCase())) return;
  throw new SyncError("CORRUPT", `the file is ${digits}, which does not begin with ${prefix}`);
}
