import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { concatBytes } from "../bytes/compare.ts";
import { maxChunkBytes } from "../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { ChunkReader, ChunkWriter } from "../store/store.ts";
import type { Bytes } from "../types.ts";
import { type ChunkCoding } from "./chunk-coding.ts";
import { idOfPath } from "./chunk-name.ts";
import { nodeCoding } from "./compressor.node.ts";
import { maxStoredBytes } from "./stored-form.ts";
import { storedChunk } from "./stored-chunks.node.ts";

export interface ChunkServerOptions {
  /** The form in which chunks travel; compressed unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /** Where chunks that are sent are left; none are taken unless given. */
  readonly writer?: ChunkWriter;
  /** What a request has to show as its Authorization; nothing unless given. */
  readonly authorization?: string;
  /** To serve over TLS. A `ca` means that clients have to show a certificate of it. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Called behind each request. */
  readonly onRequest?: (request: { method: string; path: string; status: number }) => void;
}

/**
 * A server of chunks under the paths of casync: `GET`, `HEAD` and, with a writer, `PUT` of
 * `/abcd/abcd….cacnk`. It is the caller's to make it listen.
 *
 * @param store what is served; it belongs to the caller
 */
export function chunkServer(store: ChunkReader, options: ChunkServerOptions = {}): Server {
  const { coding = nodeCoding, digest = sha512_256Digest, writer, tls } = options;

  async function answer(request: IncomingMessage): Promise<readonly [status: number, body?: Bytes | string]> {
    const { method = "GET", url = "/" } = request;
    if (!isLetIn(request, options.authorization)) return [401, "Unauthorized\n"];
    if (method !== "GET" && method !== "HEAD" && method !== "PUT")
      return [405, "only GET, PUT and HEAD are supported\n"];
    const id = idOfPath(url.slice(1), coding.suffix);
    if (id === undefined) return [400, "no chunk has this path\n"];
    if (method === "HEAD") return [(await store.has(id)) ? 200 : 404];
    if (method === "PUT") return take(id, request);
    const stored = await storedChunk(store, id, coding);
    return stored ? [200, stored] : [404, `chunk ${url.slice(6, 70)} not found\n`];
  }

  async function take(id: Bytes, request: IncomingMessage): Promise<readonly [number, string?]> {
    if (writer === undefined) return [400, "writing to this store is not allowed\n"];
    const stored = await bodyOf(request);
    try {
      await writer.put(verifyChunk(id, coding.decode(stored, maxChunkBytes), digest));
      return [200];
    } catch (thrown) {
      const isWrong = isSyncError(thrown, "CORRUPT") || isSyncError(thrown, "UNEXPECTED_CHUNK");
      if (isWrong) return [400, `${thrown.message}\n`];
      throw thrown;
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/" } = request;
    let answered: readonly [status: number, body?: Bytes | string];
    try {
      answered = await answer(request);
    } catch (thrown) {
      answered = [isSyncError(thrown, "LIMIT") ? 413 : 500, "internal server error\n"];
    }
    const [status, body] = answered;
    options.onRequest?.({ method, path: url, status });
    const length = body === undefined ? 0 : Buffer.byteLength(body);
    // Of what was not read to its end nothing more is wanted.
    if (!request.complete) response.setHeader("connection", "close");
    response.writeHead(status, method === "HEAD" ? {} : { "content-length": length });
    response.end(method === "HEAD" ? undefined : body);
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void serve(request, response).catch(() => response.destroy());
  if (!tls) return createServer(listener);
  const asks = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  return createTlsServer({ ...tls, ...asks }, listener);
}

function isLetIn({ headers }: IncomingMessage, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const [shown, known] = [Buffer.from(headers.authorization ?? ""), Buffer.from(wanted)];
  return shown.length === known.length && timingSafeEqual(shown, known);
}

async function bodyOf(request: IncomingMessage): Promise<Bytes> {
  const limit = maxStoredBytes;
  const parts: Bytes[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Bytes>) {
    length += part.length;
    if (length > limit) throw new SyncError("LIMIT", "the chunk is too long", { detail: { limit } });
    parts.push(part);
  }
  return concatBytes(parts);
}
