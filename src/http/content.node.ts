import type { IncomingMessage, ServerResponse } from "node:http";
import { StallWatch } from "../bytes/stall-watch.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { nodeStreamChannel } from "../transport/node-stream.node.ts";
import type { AbortOptions } from "../types.ts";
import type { SharedContent } from "./share.ts";

/** A part of a file, from the first byte to before the last one. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/** How an answer ended. */
interface Sent {
  readonly sentBytes: number;
  readonly error?: SyncError;
}

interface ContentOptions extends AbortOptions {
  /** Milliseconds that a client may take nothing. */
  readonly stallMs: number;
  /** Bytes a second that a client takes at least; 1024 unless given, 0 for any. */
  readonly minRateBytes?: number;
}

/**
 * Answers with the content of a file, or with the one part of it that is asked for, as something to
 * be saved: whatever is in it, no browser shows it or runs it under this origin. Whatever goes
 * wrong behind the head of the answer breaks the connection, so that no client takes it for the
 * end, and is returned.
 *
 * @param file closed by whoever opened it
 * @returns how many bytes were sent, and why it broke off if it did
 */
export async function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  file: SharedContent,
  { signal, stallMs, minRateBytes }: ContentOptions,
): Promise<Sent> {
  const { name, size } = file;
  const tag = `"${file.version}"`;
  const part = partOf(request, size, tag);
  const { from, to } = part ?? { from: 0, to: size };
  if (from >= to && part) {
    response.writeHead(416, { "Content-Range": `bytes */${size}`, "Content-Length": 0 }).end();
    return { sentBytes: 0 };
  }
  response.writeHead(part ? 206 : 200, {
    ...safeHeaders,
    "Content-Length": to - from,
    "Content-Disposition": `attachment; filename="${plainName(name)}"; filename*=UTF-8''${extendedName(name)}`,
    ETag: tag,
    ...(part && { "Content-Range": `bytes ${from}-${to - 1}/${size}` }),
  });
  const channel = nodeStreamChannel(request, response);
  const breakOff = (): void => void request.socket.destroy();
  let stalled: SyncError | undefined;
  const onStall = (error: SyncError): void => {
    stalled = error;
    breakOff();
  };
  const watch = new StallWatch(stallMs, onStall, minRateBytes);
  signal?.addEventListener("abort", breakOff, { once: true });
  let at = from;
  try {
    for await (const block of file.read(from, to)) {
      signal?.throwIfAborted();
      await watch.wait(channel.write(block));
      watch.sent(block.length);
      at += block.length;
    }
    if (at < to) throw new SyncError("CHANGED", "the file is shorter than it was");
    await watch.wait(channel.end());
    return { sentBytes: at - from };
  } catch (thrown) {
    breakOff();
    return { sentBytes: at - from, error: stalled ?? toSyncError(thrown, "IO") };
  } finally {
    watch.close();
    signal?.removeEventListener("abort", breakOff);
  }
}

const safeHeaders = {
  "Accept-Ranges": "bytes",
  "Cache-Control": "private, no-cache",
  "Content-Security-Policy": "default-src 'none'; sandbox",
  "Content-Type": "application/octet-stream",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/**
 * The part that is asked for (RFC 9110 §14.2); undefined for all of it: several parts, and another
 * state of the file, count as that.
 */
function partOf({ headers }: IncomingMessage, size: number, tag: string): Part | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? "") ?? [];
  const known = headers["if-range"];
  if ((first === "" && last === "") || (known !== undefined && known !== tag)) return undefined;
  if (first === "") return { from: Math.max(0, size - Number(last)), to: size };
  if (last !== "" && Number(last) < Number(first)) return undefined;
  return { from: Number(first), to: last === "" ? size : Math.min(size, Number(last) + 1) };
}

/** A name for clients that know no other than that of ASCII. */
function plainName(name: string): string {
  return name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
}

/** A name as an extended value (RFC 8187). */
function extendedName(name: string): string {
  const escaped = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(name).replace(/['()*]/g, escaped);
}
