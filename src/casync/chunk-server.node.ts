import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { ChunkReader } from "../store/store.ts";
import { type ChunkAnswers, chunkAnswers, type ChunkAnswersOptions, send } from "./chunk-answers.node.ts";
import { indexAnswers } from "./index-answers.node.ts";
import type { IndexStore } from "./index-store.ts";

/** Who is let in, and how. */
export interface StoreServerOptions {
  /** What a request has to show as its Authorization; nothing unless given. */
  readonly authorization?: string;
  /** To serve over TLS. A `ca` means that clients have to show a certificate of it. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Called behind each request. */
  readonly onRequest?: (request: { method: string; path: string; status: number }) => void;
}

export interface ChunkServerOptions extends ChunkAnswersOptions, StoreServerOptions {}

export interface IndexServerOptions extends StoreServerOptions {
  /** True to take indexes, too; false unless given. */
  readonly isWritable?: boolean;
}

/**
 * A server of chunks under the paths of casync: `GET`, `HEAD` and, with a writer, `PUT` of
 * `/abcd/abcd….cacnk`. It is the caller's to make it listen.
 *
 * @param store what is served; it belongs to the caller
 */
export function chunkServer(store: ChunkReader, options: ChunkServerOptions = {}): Server {
  return storeServer(chunkAnswers(store, options), options);
}

/**
 * A server of indexes by their names: `GET`, `HEAD` and, where that is allowed, `PUT` of
 * `/name.caibx`. It is the caller's to make it listen.
 *
 * @param indexes what is served; it belongs to the caller
 */
export function indexServer(indexes: IndexStore, options: IndexServerOptions = {}): Server {
  return storeServer(indexAnswers(indexes, options), options);
}

function storeServer(answers: ChunkAnswers, { tls, authorization, onRequest }: StoreServerOptions): Server {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/" } = request;
    const { status } = isLetIn(request, authorization)
      ? await answers.answer(request, response, url.slice(1))
      : send(request, response, [401, "Unauthorized\n"]);
    onRequest?.({ method, path: url, status });
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
