import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { ExactReader } from "../bytes/exact-reader.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { type ChunkAnswer, type ChunkAnswers, send } from "./chunk-answers.node.ts";
import { decodeIndexHeader, indexHeaderBytes } from "./index-header.ts";
import { eachChunk, readIndex } from "./index-reader.ts";
import { checkIndexName, type IndexStore } from "./index-store.ts";
import { writeIndex } from "./index-writer.ts";

/**
 * Answers requests for indexes by the last part of their paths: `GET`, `HEAD` and, where that is
 * allowed, `PUT`.
 *
 * @param indexes what is served; it belongs to the caller
 */
export function indexAnswers(
  indexes: IndexStore,
  { isWritable = false }: { readonly isWritable?: boolean } = {},
): ChunkAnswers {
  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    mostBytes: number,
  ): Promise<ChunkAnswer> {
    switch (request.method) {
      case "GET": {
        const content = await indexes.read(name);
        if (!content) return send(request, response, [404, `index ${name} not found\n`]);
        return await sendIndex(response, content);
      }
      case "HEAD":
        return send(request, response, [(await indexes.has(name)) ? 200 : 404]);
      case "PUT":
        if (!isWritable) return send(request, response, [400, "writing to this store is not allowed\n"]);
        await indexes.write(name, verified(upTo(mostBytes, request as AsyncIterable<Bytes>)));
        return send(request, response, [200]);
      default:
        return send(request, response, [405, "only GET, PUT and HEAD are supported\n"]);
    }
  }

  return {
    async answer(request, response, path, mostBytes = Infinity) {
      try {
        const last = decodeURIComponent(path.replace(/\?.*$/s, "").split("/").at(-1)!);
        return await answer(request, response, checkIndexName(last), mostBytes);
      } catch (thrown) {
        if (response.headersSent) throw thrown;
        return send(request, response, [statusOf(thrown, request), "this is no index here\n"]);
      }
    },
  };
}

/** @throws BAD_MESSAGE for what is no index */
async function sendIndex(response: ServerResponse, content: AsyncIterable<Bytes>): Promise<ChunkAnswer> {
  const reader = new ExactReader(content);
  let sentBytes = 0;
  async function* all(header: Bytes): AsyncGenerator<Bytes> {
    for (let part = header; part.length > 0; part = await reader.readUpTo(65_536)) {
      sentBytes += part.length;
      yield part;
    }
  }
  try {
    const header = await reader.read(indexHeaderBytes);
    decodeIndexHeader(header);
    response.writeHead(200, { "content-type": "application/octet-stream" });
    await pipeline(all(header.slice()), response);
    return { status: 200, sentBytes };
  } finally {
    await reader.close();
  }
}

/** An index that comes, as it is; one that is none ends in an error. */
async function* verified(content: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  const index = await readIndex(content);
  yield* writeIndex(index, eachChunk(index));
}

/** @throws LIMIT for more than may be taken */
async function* upTo(mostBytes: number, content: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  let takenBytes = 0;
  for await (const part of content) {
    takenBytes += part.length;
    if (takenBytes > mostBytes) throw new SyncError("LIMIT", "the index is too long");
    yield part;
  }
}

/** By which reading ends when what is read is no index. */
const noIndexCodes = ["BAD_MESSAGE", "TRUNCATED", "UNSUPPORTED"] as const;

function statusOf(thrown: unknown, { method }: IncomingMessage): number {
  if (isSyncError(thrown, "PATH") || thrown instanceof URIError) return 400;
  if (isSyncError(thrown, "LIMIT")) return 413;
  const isBad = noIndexCodes.some((code) => isSyncError(thrown, code));
  if (isBad) return method === "PUT" ? 415 : 400;
  return 500;
}
