import type { Answer } from "../bucket/answer.ts";
import type { Bucket } from "../bucket/bucket.ts";
import { keepingHeaders } from "../bucket/redirects.ts";
import { asking, bodyOf, refusal, type RequestOptions } from "../bucket/requests.ts";
import { abortable } from "../bytes/abort.ts";
import { concatBytes } from "../bytes/compare.ts";
import { SyncError, toSyncError, withPath } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { SftpClient } from "./sftp-client.ts";

/** Where indexes are kept by their names. */
export interface IndexStore {
  /** The bytes of an index; undefined when there is none. @throws UNAUTHORIZED, UPSTREAM, IO */
  read(name: string, options?: AbortOptions): Promise<AsyncIterable<Bytes> | undefined>;
  has(name: string, options?: AbortOptions): Promise<boolean>;
  /** Replaces an index when all of it is there. Throws what the content throws, too. */
  write(name: string, content: AsyncIterable<Bytes>, options?: AbortOptions): Promise<void>;
  close(): Promise<void>;
}

/** Limits of stores of indexes. */
export const indexStoreLimits = Object.freeze({
  /** Bytes of an index that is held in memory, as one that is sent to a server is. */
  heldIndexBytes: 536_870_912,
});

/** Indexes behind an HTTP server: one of desync or of this library, or any server of files. */
export function httpIndexes(
  url: string,
  options: RequestOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
): IndexStore {
  const { headers = {}, fetch: call = fetch } = options;
  const ask = asking({ ...options, fetch: keepingHeaders(call) });
  const placeOf = (name: string): string => `${url.replace(/\/+$/, "")}/${encodeURIComponent(name)}`;

  async function request<Result>(
    name: string,
    init: RequestInit,
    take: (response: Answer) => Promise<Result>,
    options: AbortOptions = {},
  ): Promise<Result> {
    const url = placeOf(name);
    try {
      return await ask(async () => ({ url, init: { ...init, headers } }), take, options);
    } catch (thrown) {
      options.signal?.throwIfAborted();
      throw withPath(toSyncError(thrown), url);
    }
  }

  return {
    async read(name, options) {
      const bytes = await request(
        name,
        {},
        async (response) => {
          if (response.status === 404) return undefined;
          if (response.status !== 200) throw refusal(response);
          return bodyOf(response, indexStoreLimits.heldIndexBytes);
        },
        options,
      );
      return bytes && onePart(bytes);
    },
    has: (name, options) =>
      request(
        name,
        { method: "HEAD" },
        async (response) => {
          if (response.status !== 200 && response.status !== 404) throw refusal(response);
          return response.status === 200;
        },
        options,
      ),
    async write(name, content, options) {
      const body = new Uint8Array(await heldBytes(content));
      const take = async (response: Answer): Promise<void> => {
        if (![200, 201, 204].includes(response.status)) throw refusal(response);
      };
      await request(name, { method: "PUT", body, redirect: "manual" }, take, options);
    },
    async close() {},
  };
}

/** Indexes in a bucket, below what their keys begin with. */
export function bucketIndexes(bucket: Bucket, prefix: string): IndexStore {
  const keyOf = (name: string): string => (prefix === "" ? name : `${prefix}/${name}`);
  return {
    async read(name, options) {
      const bytes = await bucket.get(keyOf(name), indexStoreLimits.heldIndexBytes, options);
      return bytes && onePart(bytes);
    },
    has: (name, options) => bucket.has(keyOf(name), options),
    async write(name, content, options) {
      await bucket.put(keyOf(name), await heldBytes(content), "application/octet-stream", options);
    },
    async close() {},
  };
}

/** Indexes in a directory elsewhere, by SFTP. @param client belongs to the store */
export function sftpIndexes(client: SftpClient, root: string): IndexStore {
  const base = root.replace(/\/*$/, "/");
  return {
    async read(name, options) {
      const reading = client.read(base + checkIndexName(name), indexStoreLimits.heldIndexBytes);
      const bytes = await abortable(reading, options?.signal);
      return bytes && onePart(bytes);
    },
    async has(name, options) {
      return (await abortable(client.stat(base + checkIndexName(name)), options?.signal)) !== undefined;
    },
    async write(name, content, options) {
      const path = base + checkIndexName(name);
      const incomplete = `${base}.rsync-stream-${crypto.randomUUID()}`;
      const bytes = await heldBytes(content);
      if (!(await abortable(client.create(incomplete, bytes), options?.signal)))
        throw new SyncError("NOT_FOUND", "there is no such directory", { detail: { path: root } });
      await abortable(client.replace(incomplete, path), options?.signal);
    },
    close: async () => client.close(),
  };
}

/** A name that names an index. @throws PATH for one that leads elsewhere */
export function checkIndexName(name: string): string {
  const isName = name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name);
  if (isName) return name;
  throw new SyncError("PATH", `"${name}" is no name of an index`);
}

/** All bytes of an index. @throws LIMIT */
export async function heldBytes(content: AsyncIterable<Bytes>): Promise<Bytes> {
  const limit = indexStoreLimits.heldIndexBytes;
  const parts: Bytes[] = [];
  let length = 0;
  for await (const part of content) {
    length += part.length;
    if (length > limit)
      throw new SyncError("LIMIT", "the index is too long to be held", { detail: { limit } });
    parts.push(part);
  }
  return concatBytes(parts);
}

/** Bytes that are all here as what is read in parts. */
export async function* onePart(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes;
}
