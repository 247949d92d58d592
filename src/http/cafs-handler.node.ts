import type { IncomingMessage, ServerResponse } from "node:http";
import { StallWatch } from "../bytes/stall-watch.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { writeChunkData } from "../remotesync/sender.ts";
import { encodeSyncInfo } from "../remotesync/sync-info-json.ts";
import { type ByteChannel, channelOf } from "../transport/channel.ts";
import { nodeStreamDuplex } from "../transport/node-stream.node.ts";
import { refusalOf } from "../transport/refusal.ts";
import type { AbortOptions } from "../types.ts";
import type { SharedFile } from "./share.ts";

export interface CafsHandlerOptions {
  /** Milliseconds without a byte of the wishlist, or without one being taken; 60 s unless given, 0 for no limit. */
  readonly stallMs?: number;
  /** Called when a transfer ends: how many bytes of chunks went out, and why it broke off if it did. */
  readonly onTransfer?: (sentBytes: number, error?: SyncError) => void;
}

/** How a file is opened for one request. */
export type OpenFile = (options: AbortOptions) => Promise<SharedFile>;

const stallMs = 60_000;

/**
 * Answers a request for a file as CAFS does (docs/http.md): its SyncInfo to a GET, the chunks of a wishlist to a POST.
 * Whatever goes wrong behind the head of an answer breaks the connection, so that no client takes it for the end.
 * Resolves when the request is over; never rejects.
 */
export async function handleCafs(
  request: IncomingMessage,
  response: ServerResponse,
  open: OpenFile,
  options: CafsHandlerOptions = {},
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort(new SyncError("PEER_GONE", "the client is gone")));
  try {
    if (request.method === "GET") await answerGet(request, response, open, gone.signal);
    else if (request.method !== "POST") plain(response, 405, "Method Not Allowed");
    else if (request.headers.connection !== "close") plain(response, 400, "Connection: close required");
    else await answerPost(request, response, open, gone, options);
  } catch (thrown) {
    refuse(request, response, toSyncError(thrown));
  }
}

async function answerGet(
  request: IncomingMessage,
  response: ServerResponse,
  open: OpenFile,
  signal: AbortSignal,
): Promise<void> {
  const file = await open({ signal });
  try {
    const body = Buffer.from(`${encodeSyncInfo(file.info)}\n`);
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": body.length,
      "Cache-Control": "no-cache",
      ETag: `"${file.version}"`,
    });
    response.end(body);
    request.resume();
  } finally {
    await file.close();
  }
}

async function answerPost(
  request: IncomingMessage,
  response: ServerResponse,
  open: OpenFile,
  gone: AbortController,
  options: CafsHandlerOptions,
): Promise<void> {
  const file = await open({ signal: gone.signal });
  try {
    checkVersion(request, file);
    request.socket.setNoDelay(true);
    response.writeHead(200, { Connection: "close", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
    response.flushHeaders();
    await transfer(channelOf(nodeStreamDuplex(request, response)), file, gone, options);
  } finally {
    await file.close();
  }
}

async function transfer(
  channel: ByteChannel,
  file: SharedFile,
  gone: AbortController,
  options: CafsHandlerOptions,
): Promise<void> {
  const { signal } = gone;
  const watch = new StallWatch(options.stallMs ?? stallMs, (error) => {
    gone.abort(error);
    channel.abort(error);
  });
  let sentBytes = 0;
  let failure: SyncError | undefined;
  try {
    const store = { get: (id: Uint8Array) => file.chunk(id, { signal }) };
    for await (const bytes of writeChunkData(file.info, store, watch.watch(channel.read()), { signal })) {
      await watch.wait(channel.write(bytes));
      sentBytes += bytes.length;
    }
    await watch.wait(channel.end());
  } catch (thrown) {
    failure = toSyncError(signal.aborted ? signal.reason : thrown);
    channel.abort(failure);
    throw failure;
  } finally {
    watch.close();
    options.onTransfer?.(sentBytes, failure);
  }
}

/** Our own clients say which state of the file their SyncInfo is of. */
function checkVersion(request: IncomingMessage, { version }: SharedFile): void {
  const wanted = request.headers["if-match"];
  if (wanted === undefined || wanted === "*" || wanted === `"${version}"`) return;
  throw new SyncError("CHANGED", "the file is not what it was when its SyncInfo was fetched");
}

function plain(response: ServerResponse, status: number, text: string): void {
  const body = `${text}\n`;
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": body.length });
  response.end(body);
}

/** Says why where there still is room for that, and breaks the connection where there is not. */
function refuse(request: IncomingMessage, response: ServerResponse, error: SyncError): void {
  if (response.headersSent || response.destroyed) {
    request.socket.destroy();
    return;
  }
  const { status, body } = refusalOf(error);
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    Connection: "close", // what the client still sends is not read
  });
  response.end(body);
}
