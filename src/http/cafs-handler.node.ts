import { closingInTheEnd } from "../bytes/closing.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import { StallWatch } from "../bytes/stall-watch.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { type ChunkSource, writeChunkData } from "../remotesync/sender.ts";
import { encodedSyncInfoBytes, encodeSyncInfoParts } from "../remotesync/sync-info-json.ts";
import { checkSyncInfo, type SyncInfo, type SyncInfoLimits } from "../remotesync/sync-info.ts";
import { nodeStreamChannel } from "../transport/node-stream.node.ts";
import { refusalOf } from "../transport/refusal.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { waitForEarlier } from "./pipelining.node.ts";
import type { FileShareOptions, SharedFile } from "./share.ts";

/**
 * How a transfer is bounded, and watched. Its signal breaks it off: the server is closing. A file
 * beyond the limits is refused.
 */
export interface CafsHandlerOptions extends AbortOptions, SyncInfoLimits {
  /**
   * Milliseconds without a byte of the wishlist, or without one being taken, beyond what the client
   * needs for all that was sent; 60 s unless given, 0 for no limit.
   */
  readonly stallMs?: number;
  /** Called when a request is refused before anything was sent. */
  readonly onRefusal?: (error: SyncError) => void;
  /** Bytes a second that a client takes at least; 1024 unless given, 0 for any. */
  readonly minRateBytes?: number;
  /**
   * Called when a transfer ends: how many bytes of chunks went out, and why it broke off if it did.
   */
  readonly onTransfer?: (sentBytes: number, error?: SyncError) => void;
}

/** How a file is opened for one request. */
export type OpenFile = (options: Pick<FileShareOptions, "signal" | "goesOn">) => Promise<SharedFile>;

const stallMs = 60_000;

/**
 * Answers a request for a file as CAFS does (docs/http.md): its SyncInfo to a GET, the chunks of a
 * wishlist to a POST. Whatever goes wrong behind the head of an answer breaks the connection, so
 * that no client takes it for the end. Resolves when the request is over; never rejects.
 *
 * The server must not limit the time of a whole request (`requestTimeout: 0`).
 */
export async function handleCafs(
  request: IncomingMessage,
  response: ServerResponse,
  open: OpenFile,
  options: CafsHandlerOptions = {},
): Promise<void> {
  if (request.method !== "GET" && request.method !== "POST")
    return refusePlainly(response, 405, "Method Not Allowed", options);
  const wantsInfo = request.method === "GET";
  const answer = new Answer(request, response, options);
  try {
    if (!(await waitForEarlier(request, response))) return;
    if (!wantsInfo && request.headers.connection !== "close")
      return refusePlainly(response, 400, "Connection: close required", options);
    const file = await open({ signal: answer.signal, goesOn: !wantsInfo });
    const send = async (): Promise<void> => {
      checkSyncInfo(file.info, options);
      await (wantsInfo ? answer.sendInfo(file) : answer.sendChunks(file));
    };
    await closingInTheEnd(send, () => file.close());
  } catch (thrown) {
    answer.fail(toSyncError(thrown));
  } finally {
    answer.close();
  }
}

/** One answer, from the first byte to the last; what it waits for ends with it. */
class Answer {
  readonly signal: AbortSignal;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: CafsHandlerOptions;
  readonly #life = new AbortController();

  constructor(request: IncomingMessage, response: ServerResponse, options: CafsHandlerOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.signal = this.#life.signal;
    const onGone = (): void => this.#life.abort(new SyncError("PEER_GONE", "the client is gone"));
    if (response.destroyed) onGone();
    else response.once("close", onGone);
    options.signal?.addEventListener("abort", this.#onClosing, { once: true });
    if (options.signal?.aborted === true) this.#onClosing();
  }

  /** Lets go of what outlives the answer. */
  close(): void {
    this.#options.signal?.removeEventListener("abort", this.#onClosing);
  }

  async sendInfo({ info, version }: SharedFile): Promise<void> {
    const facts = { "Cache-Control": "no-cache", ETag: `"${version}"` };
    // A proxy that packs what it passes on has made the tag a weak one.
    const known = this.#request.headers["if-none-match"]?.replaceAll("W/", "") ?? "";
    if (isMatch(known, version)) {
      this.#response.writeHead(304, facts).end();
      return;
    }
    this.#response.writeHead(200, {
      ...facts,
      "Content-Type": "application/json",
      "Content-Length": encodedSyncInfoBytes(info) + 1,
    });
    await this.#stream(() => encodedLine(info));
  }

  async sendChunks(file: SharedFile): Promise<void> {
    if (!isMatch(this.#request.headers["if-match"] ?? "*", file.version)) {
      throw new SyncError("CHANGED", "the file is not what it was when its SyncInfo was fetched");
    }
    this.#request.socket.setNoDelay(true);
    this.#response.writeHead(200, {
      Connection: "close",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    });
    this.#response.flushHeaders(); // the client may wait for it before it says more
    let sentBytes = 0;
    let failure: SyncError | undefined;
    const { signal } = this;
    const { signal: _, ...limits } = this.#options;
    const store: ChunkSource = {
      get: (id) => file.chunk(id, { signal }),
      ...(file.chunks && { getRun: (ids) => file.chunks!(ids, { signal }) }),
    };
    try {
      await this.#stream(async function* (wishlist) {
        for await (const bytes of writeChunkData(file.info, store, wishlist, { ...limits, signal })) {
          yield bytes;
          sentBytes += bytes.length;
        }
      });
    } catch (thrown) {
      failure = toSyncError(signal.aborted ? signal.reason : thrown);
      throw failure;
    } finally {
      this.#options.onTransfer?.(sentBytes, failure);
    }
  }

  /** Says why where there still is room for that, and breaks the connection where there is not. */
  fail(error: SyncError): void {
    if (this.#response.headersSent || this.#response.destroyed) return this.#breakOff(error);
    this.#options.onRefusal?.(error);
    const { status, body } = refusalOf(error);
    this.#response.writeHead(status, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      Connection: "close",
    });
    this.#response.end(body);
    this.#request.resume(); // unread, it would cost the client our answer
  }

  async #stream(
    answer: (body: AsyncIterable<Bytes>) => Iterable<Bytes> | AsyncIterable<Bytes>,
  ): Promise<void> {
    const channel = nodeStreamChannel(this.#request, this.#response);
    const { stallMs: limitMs = stallMs, minRateBytes } = this.#options;
    const watch = new StallWatch(limitMs, (error) => this.#breakOff(error), minRateBytes);
    try {
      for await (const bytes of answer(watch.watch(channel.read()))) {
        watch.sent(bytes.length);
        await watch.wait(channel.write(bytes));
      }
      await watch.wait(channel.end());
    } finally {
      watch.close();
    }
  }

  readonly #onClosing = (): void => {
    const cause: unknown = this.#options.signal?.reason;
    const error = new SyncError("LIMIT", "the server is closing", { cause });
    if (this.#response.headersSent) this.#breakOff(error);
    else this.#life.abort(error);
  };

  #breakOff(error: SyncError): void {
    this.#life.abort(error);
    this.#request.socket.destroy();
  }
}

function* encodedLine(info: SyncInfo): Generator<Bytes, void, undefined> {
  for (const part of encodeSyncInfoParts(info)) yield Buffer.from(part);
  yield Buffer.from("\n");
}

/** True when a list of entity tags has this one. */
function isMatch(tags: string, version: string): boolean {
  return tags.split(",").some((tag) => tag.trim() === "*" || tag.trim() === `"${version}"`);
}

function refusePlainly(
  response: ServerResponse,
  status: number,
  text: string,
  { onRefusal }: CafsHandlerOptions,
): void {
  onRefusal?.(new SyncError("BAD_MESSAGE", text));
  const body = `${text}\n`;
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": body.length,
    Connection: "close", // whatever body comes with the request is not waited for
  });
  response.end(body);
}
