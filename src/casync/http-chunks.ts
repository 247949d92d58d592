import type { Answer } from "../bucket/answer.ts";
import { RequestWindow } from "../bucket/request-window.ts";
import { asking, bodyOf, refusal, type RequestOptions } from "../bucket/requests.ts";
import { toHex } from "../bytes/hex.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { SyncError, isSyncError } from "../errors.ts";
import { Gate } from "../store/gate.ts";
import { notFound } from "../store/key.ts";
import type { ChunkWriter } from "../store/store.ts";
import type { AbortOptions } from "../types.ts";
import { keepingHeaders } from "../bucket/redirects.ts";
import { type ChunkCoding, compressedCoding } from "./chunk-coding.ts";
import { chunkPath } from "./chunk-name.ts";
import { maxStoredBytes, verifyStored } from "./stored-form.ts";

export interface HttpChunksOptions extends RequestOptions {
  /** The form in which chunks travel; compressed unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /** Requests under way at a time; as many as make answers come faster unless given. */
  readonly requestCount?: number;
  /** More request headers, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
}

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
  const { fetch: call = fetch } = options;
  const request = asking({ ...options, fetch: isSilent(headers) ? call : keepingHeaders(call) });
  const window = new RequestWindow(options.requestCount);
  const gate = new Gate();

  async function ask<Result>(
    id: ChunkId,
    init: RequestInit,
    take: (response: Answer, url: string) => Promise<Result>,
    options: AbortOptions | undefined,
  ): Promise<Result> {
    gate.enter(options);
    const url = base + chunkPath(id, coding.suffix);
    try {
      const make = async () => ({ url, init: { ...init, headers } });
      const run = (signal: AbortSignal): Promise<Result> =>
        request(make, (response) => take(response, url), { ...options, signal });
      return await window.run(run, options?.signal);
    } catch (thrown) {
      options?.signal?.throwIfAborted();
      throw withUrl(thrown, url, id);
    }
  }

  const store: ChunkWriter = {
    get: (id, options) =>
      ask(
        id,
        {},
        async (response, url) => {
          if (response.status === 404) throw notFound(id);
          if (response.status !== 200) throw refusal(response);
          return verifyStored(id, await bodyOf(response, maxStoredBytes), coding, digest, url);
        },
        options,
      ),
    has: (id, options) => ask(id, { method: "HEAD" }, isFound, options),
    async put(chunk, options) {
      if (await store.has(chunk.id, options)) return;
      const body = new Uint8Array(coding.encode(chunk.bytes));
      await ask(chunk.id, { method: "PUT", body, redirect: "manual" }, taken, options);
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

function isSilent(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).length === 0;
}

async function isFound(response: Answer): Promise<boolean> {
  if (response.status === 200) return true;
  if (response.status === 404) return false;
  throw refusal(response);
}

async function taken(response: Answer): Promise<void> {
  if (response.status !== 200 && response.status !== 201 && response.status !== 204) throw refusal(response);
}

/** The same error with what was asked for. */
function withUrl(thrown: unknown, path: string, id: ChunkId): unknown {
  if (!isSyncError(thrown) || thrown.code === "NOT_FOUND" || thrown.detail.path === path) return thrown;
  return new SyncError(thrown.code, `chunk ${toHex(id)}: ${thrown.message}`, {
    cause: thrown.cause ?? thrown,
    detail: { ...thrown.detail, path },
  });
}
