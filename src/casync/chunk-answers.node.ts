import type { IncomingMessage, ServerResponse } from "node:http";
import { arrivingBody } from "../bytes/arriving-body.node.ts";
import { maxChunkBytes } from "../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { ChunkReader, ChunkWriter } from "../store/store.ts";
import type { Bytes } from "../types.ts";
import { ByteRoom } from "../bytes/byte-room.ts";
import type { ChunkCoding } from "./chunk-coding.ts";
import { idOfPath } from "./chunk-name.ts";
import { nodeCoding } from "./compressor.node.ts";
import { maxStoredBytes } from "./stored-form.ts";
import { storedChunk } from "./stored-chunks.ts";

export interface ChunkAnswersOptions {
  /** The form in which chunks travel; compressed unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /** Where chunks that are sent are left; none are taken unless given. */
  readonly writer?: ChunkWriter;
  /**
   * How long a chunk may take to arrive before its rate counts, which is when others wait for the
   * room that it takes; 5 seconds unless given.
   */
  readonly patienceMs?: number;
}

/** What a server of chunks sets aside for clients. */
export const chunkServerLimits = Object.freeze({
  /** Bytes of chunks that are arriving, together. */
  arrivingChunkBytes: 67_108_864,
});

/** What was answered. */
export interface ChunkAnswer {
  readonly status: number;
  /** Bytes of the body. */
  readonly sentBytes: number;
}

/** Answers requests for chunks. */
export interface ChunkAnswers {
  /**
   * Answers a request for what is at a path of a store, such as `abcd/abcd….cacnk`: `GET`, `HEAD`
   * and, with a writer, `PUT`.
   *
   * @param mostBytes that are taken of a body
   */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    mostBytes?: number,
  ): Promise<ChunkAnswer>;
}

type Answered = readonly [status: number, body?: Bytes | string];

/** @param store what is served; it belongs to the caller */
export function chunkAnswers(store: ChunkReader, options: ChunkAnswersOptions = {}): ChunkAnswers {
  const { coding = nodeCoding, digest = sha512_256Digest, writer, patienceMs } = options;
  const room = new ByteRoom(chunkServerLimits.arrivingChunkBytes);

  /** Who may send a chunk and is told that it is there sends it no more: it counts as sent. */
  const isThere = (id: Bytes): Promise<boolean> => writer?.renew?.(id) ?? store.has(id);

  async function find(request: IncomingMessage, path: string, mostBytes: number): Promise<Answered> {
    const { method = "GET" } = request;
    if (method !== "GET" && method !== "HEAD" && method !== "PUT")
      return [405, "only GET, PUT and HEAD are supported\n"];
    const id = idOfPath(path, coding.suffix);
    if (id === undefined) return [400, "no chunk has this path\n"];
    if (method === "HEAD") return [(await isThere(id)) ? 200 : 404];
    if (method === "PUT") return take(id, request, Math.min(mostBytes, maxStoredBytes));
    const stored = await storedChunk(store, id, coding);
    return stored ? [200, stored] : [404, `chunk ${path.slice(5, 69)} not found\n`];
  }

  async function take(id: Bytes, request: IncomingMessage, mostBytes: number): Promise<Answered> {
    if (writer === undefined) return [400, "writing to this store is not allowed\n"];
    const said = Number(request.headers["content-length"] ?? mostBytes);
    if (said > mostBytes) throw new SyncError("LIMIT", "the chunk is too long");
    const body = { mostBytes, what: "a chunk", patienceMs };
    return room.use(said, async () => keep(id, writer, await arrivingBody(request, room, body)));
  }

  async function keep(id: Bytes, writer: ChunkWriter, stored: Bytes): Promise<Answered> {
    try {
      await writer.put(verifyChunk(id, coding.decode(stored, maxChunkBytes), digest));
      return [200];
    } catch (thrown) {
      const isWrong = isSyncError(thrown, "CORRUPT") || isSyncError(thrown, "UNEXPECTED_CHUNK");
      if (isWrong) return [400, `${thrown.message}\n`];
      throw thrown;
    }
  }

  return {
    async answer(request, response, path, mostBytes = Infinity) {
      let answered: Answered;
      try {
        answered = await find(request, path, mostBytes);
      } catch (thrown) {
        answered = [isSyncError(thrown, "LIMIT") ? 413 : 500, "internal server error\n"];
      }
      return send(request, response, answered);
    },
  };
}

/** Sends a short answer, whole. */
export function send(request: IncomingMessage, response: ServerResponse, answered: Answered): ChunkAnswer {
  const [status, body] = answered;
  const isHead = request.method === "HEAD";
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  // Of what was not read to its end nothing more is wanted.
  if (!request.complete) response.setHeader("connection", "close");
  response.writeHead(status, isHead ? {} : { "content-length": length });
  response.end(isHead ? undefined : body);
  return { status, sentBytes: isHead ? 0 : length };
}
