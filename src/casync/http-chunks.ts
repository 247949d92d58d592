import { concatBytes } from "../bytes/compare.ts";
import { toHex } from "../bytes/hex.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { maxChunkBytes } from "../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { SyncError, isSyncError } from "../errors.ts";
import { Gate } from "../store/gate.ts";
import { notFound } from "../store/key.ts";
import type { ChunkWriter } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { type ChunkCoding, compressedCoding } from "./chunk-coding.ts";
import { chunkPath } from "./chunk-name.ts";

export interface HttpChunksOptions {
  /** The form in which chunks travel; compressed unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /** More request headers, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Tries in all of a request that fails by the network or at the server; 3 unless given. */
  readonly attemptCount?: number;
  /** Milliseconds to wait before the second try, twice that before the third, and so on; 500. */
  readonly retryMs?: number;
  /** Milliseconds for one try; a minute unless given, 0 for no limit. */
  readonly timeoutMs?: number;
  /** What makes requests; `fetch` unless given. */
  readonly fetch?: typeof fetch;
}

/** A stored chunk is longer than its content by no more. */
const overheadBytes = 1_048_576;

/**
 * Chunks behind an HTTP server: a chunk server of desync or of this library, or any server of files
 * over a store of casync. Many requests may be under way at one time.
 *
 * @param url of the store; what begins with `?` or `;` is left out
 * @throws USAGE for what is no URL of http: or https:
 */
export function httpChunks(url: string, options: HttpChunksOptions = {}): ChunkWriter {
  const base = baseOf(url);
  const { coding = compressedCoding(), digest = sha512_256Digest, headers = {} } = options;
  const { attemptCount = 3, retryMs = 500, timeoutMs = 60_000, fetch: call = fetch } = options;
  const gate = new Gate();

  async function ask<Result>(
    id: ChunkId,
    init: RequestInit,
    take: (response: Response) => Promise<Result>,
    { signal }: AbortOptions = {},
  ): Promise<Result> {
    gate.enter(signal && { signal });
    const target = base + chunkPath(id, coding.suffix);
    for (let attempt = 1; ; attempt++) {
      try {
        return await tryOnce(target, { ...init, headers }, take, signal);
      } catch (thrown) {
        signal?.throwIfAborted();
        if (attempt >= attemptCount || !isPassing(thrown)) throw withUrl(thrown, target, id);
        await pause(attempt * retryMs, signal);
      }
    }
  }

  async function tryOnce<Result>(
    target: string,
    init: RequestInit,
    take: (response: Response) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const limit = timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined;
    const signals = [signal, limit].filter((one) => one !== undefined);
    let response: Response | undefined;
    try {
      response = await call(target, { ...init, signal: AbortSignal.any(signals) });
      return await take(response);
    } catch (thrown) {
      if (isSyncError(thrown)) throw thrown;
      if (limit?.aborted === true && signal?.aborted !== true)
        throw new SyncError("STALLED", "the server takes too long", { cause: thrown });
      throw new SyncError("PEER_GONE", "the connection to the server failed", { cause: thrown });
    } finally {
      // What was not read would keep the connection.
      if (response?.bodyUsed === false) await response.body?.cancel().catch(() => {});
    }
  }

  const store: ChunkWriter = {
    get: (id, options) => ask(id, {}, (response) => chunkOf(response, id, coding, digest), options),
    has: (id, options) => ask(id, { method: "HEAD" }, isFound, options),
    async put(chunk, options) {
      if (await store.has(chunk.id, options)) return;
      const body = new Uint8Array(coding.encode(chunk.bytes));
      await ask(chunk.id, { method: "PUT", body }, taken, options);
    },
    async close() {
      gate.close();
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

function baseOf(text: string): string {
  const bare = text.replace(/[?;].*$/s, "");
  const url = URL.canParse(bare) ? new URL(bare) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new SyncError("USAGE", `not a URL of http: or https: "${text}"`);
  return url.href.replace(/\/*$/, "/");
}

async function chunkOf(
  response: Response,
  id: ChunkId,
  coding: ChunkCoding,
  digest: ChunkDigest,
): Promise<Chunk> {
  if (response.status === 404) throw notFound(id);
  if (response.status !== 200) throw refusal(response);
  const stored = await bodyOf(response);
  try {
    return verifyChunk(id, coding.decode(stored, maxChunkBytes), digest);
  } catch (cause) {
    if (isSyncError(cause, "UNSUPPORTED")) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SyncError("CORRUPT", `chunk ${toHex(id)} is damaged at the server: ${message}`, { cause });
  }
}

/** All of a body, which is not longer than a chunk can be. */
async function bodyOf(response: Response): Promise<Bytes> {
  const limit = maxChunkBytes + overheadBytes;
  const said = response.headers.get("content-length");
  if (Number(said ?? 0) > limit) throw tooLong(limit);
  const parts: Bytes[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    length += next.value.length;
    if (length > limit) throw tooLong(limit);
    parts.push(next.value);
  }
  const isWhole = said === null || response.headers.has("content-encoding") || Number(said) === length;
  if (!isWhole) throw new SyncError("TRUNCATED", "the server ended before the chunk did");
  return concatBytes(parts);
}

function tooLong(limit: number): SyncError {
  return new SyncError("LIMIT", "the server sends more than a chunk can have", { detail: { limit } });
}

async function isFound(response: Response): Promise<boolean> {
  if (response.status === 200) return true;
  if (response.status === 404) return false;
  throw refusal(response);
}

async function taken(response: Response): Promise<void> {
  if (response.status !== 200 && response.status !== 201 && response.status !== 204) throw refusal(response);
}

function refusal({ status }: Response): SyncError {
  if (status === 401 || status === 403) return new SyncError("UNAUTHORIZED", `the server answers ${status}`);
  return new SyncError(status >= 500 ? "UPSTREAM" : "IO", `the server answers ${status}`);
}

const passing = new Set(["PEER_GONE", "STALLED", "TRUNCATED", "UPSTREAM"]);

/** True for what may go well the next time. */
function isPassing(thrown: unknown): boolean {
  return isSyncError(thrown) && passing.has(thrown.code);
}

/** The same error with what was asked for. */
function withUrl(thrown: unknown, path: string, id: ChunkId): unknown {
  if (!isSyncError(thrown) || thrown.code === "NOT_FOUND") return thrown;
  return new SyncError(thrown.code, `chunk ${toHex(id)}: ${thrown.message}`, {
    cause: thrown.cause ?? thrown,
    detail: { ...thrown.detail, path },
  });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
