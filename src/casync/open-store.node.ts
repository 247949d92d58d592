import { SyncError } from "../errors.ts";
import type { ChunkReader, ChunkWriter } from "../store/store.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { type CastrOptions, castrStore } from "./castr.node.ts";
import type { ChunkCoding } from "./chunk-coding.ts";
import { nodeCoding } from "./compressor.node.ts";
import { nodeFetch } from "../bucket/node-fetch.node.ts";
import { keepingHeaders } from "../bucket/redirects.ts";
import type { RequestOptions } from "../bucket/requests.ts";
import { type GoogleAccess, openGoogle } from "../bucket/google/google-place.node.ts";
import { openS3, type S3Place, type S3Settings } from "../bucket/s3-place.ts";
import { bucketChunks } from "./bucket-chunks.ts";
import type { KeptChunks } from "./kept-chunks.ts";
import { httpChunks, type HttpChunksOptions } from "./http-chunks.ts";
import { sftpChunks } from "./sftp-chunks.ts";
import { ociChunks } from "./oci-chunks.ts";
import type { OciCredentials } from "./oci-registry.ts";
import { connectSftp, isShellPlace, sshChunks } from "./ssh-chunks.node.ts";
import { cachedStore, failoverGroup, severalStores } from "./several-stores.ts";

export interface OpenStoreOptions {
  /** The form that chunks have there; compressed unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /** Where credentials of stores in buckets come from: no request is signed unless given. */
  readonly s3?: S3Settings;
  /** Who one is to Google, whose buckets `gs:` is for: nobody unless given. */
  readonly google?: () => GoogleAccess;
  /** Who one is to container registries: nobody unless given. */
  readonly oci?: (place: string) => OciCredentials | undefined;
  /** How to get at one behind HTTP. */
  readonly http?: Omit<HttpChunksOptions, "coding" | "digest">;
  /**
   * Shown to servers of this library, which `ws:` and `wss:` lead to, and `http:` and `https:`
   * where the path ends in `/-/chunks/` or `/-/indexes/`; to no others.
   */
  readonly token?: string;
}

/**
 * Opens the store that a place stands for, to write to: a directory, a bucket, a repository of a
 * container registry, or a URL of http:, https: or sftp:, or of ws: or wss: for what a server of
 * this library offers.
 *
 * @throws USAGE for a place of another kind, NOT_FOUND for a directory that is not there, unless it
 *   may be made
 */
export function openChunkWriter(
  place: string,
  options: OpenStoreOptions & Pick<CastrOptions, "create"> = {},
): ChunkWriter {
  const { coding = nodeCoding, digest, http, token } = options;
  const scheme = schemeOf(place);
  if (scheme === "ws" || scheme === "wss")
    return openChunkWriter(storeAtServer(place).replace(/^ws/, "http"), options);
  if (scheme === "http" || scheme === "https")
    return httpChunks(place, {
      fetch: keepingHeaders(nodeFetch({}, { http2: true })),
      ...withToken(http, token, place),
      coding,
      ...(digest && { digest }),
    });
  return openKeptChunks(place, options);
}

/**
 * Opens a store to be looked after: a directory, a bucket, a repository of a container registry, or
 * a directory elsewhere by SFTP.
 *
 * @throws as `openChunkWriter`
 */
export function openKeptChunks(
  place: string,
  options: OpenStoreOptions & Pick<CastrOptions, "create"> = {},
): KeptChunks {
  const { http, create = false, coding = nodeCoding, digest } = options;
  const form = { coding, ...(digest && { digest }) };
  const scheme = schemeOf(place);
  if (isShellPlace(place))
    throw new SyncError(
      "USAGE",
      `a store at HOST:PATH can only be read from, by an index: "${place}"; sftp://HOST/PATH can be written to, ./${place} is a path here`,
    );
  if (scheme === undefined) return castrStore(place, { ...form, create });
  const kept = openBucket(place, options);
  if (kept) {
    const { bucket, prefix } = kept;
    const { requestCount } = http ?? {};
    return bucketChunks(bucket, { ...form, prefix, ...(requestCount !== undefined && { requestCount }) });
  }
  if (scheme === "oci+http" || scheme === "oci+https") {
    const credentials = options.oci?.(place);
    const { requestCount } = http ?? {};
    return ociChunks(place, {
      ...form,
      ...requestOptionsOf(http),
      ...(requestCount !== undefined && { requestCount }),
      ...(credentials && { credentials }),
    });
  }
  if (scheme === "sftp") {
    const { client, path } = connectSftp(place);
    return sftpChunks(client, path, form);
  }
  if (/^(?:https?|wss?)$/.test(scheme))
    throw new SyncError("USAGE", `what lies behind ${scheme}: can be read by an index alone: "${place}"`);
  throw new SyncError("USAGE", `no store can be reached by ${scheme}: "${place}"`);
}

/**
 * Opens stores to read from, which are asked in this order. A place may be one that only gives
 * chunks, too, at another host: `ssh:` or HOST:PATH. It may be several with `|` between
 * them, a group of which the one is asked that works.
 *
 * @param cache a store that is asked first and filled on the way
 * @throws USAGE when there is none, or one cannot be reached; NOT_FOUND
 */
export function openChunkReader(
  places: readonly string[],
  options: OpenStoreOptions & { readonly cache?: string; readonly repairsCache?: boolean } = {},
): ChunkReader {
  const { cache, repairsCache = true, ...each } = options;
  if (places.length === 0) throw new SyncError("USAGE", "a store to read from is missing");
  const stores = places.map((place) => {
    const group = place.split("|").map((one) => openOne(one, each));
    return group.length === 1 ? group[0]! : failoverGroup(group);
  });
  const all = stores.length === 1 ? stores[0]! : severalStores(stores);
  if (cache === undefined) return all;
  return cachedStore(all, openChunkWriter(cache, { ...each, create: true }), repairsCache);
}

function openOne(place: string, options: OpenStoreOptions): ChunkReader {
  if (schemeOf(place) !== "ssh" && !isShellPlace(place)) return openChunkWriter(place, options);
  const { coding = nodeCoding, digest } = options;
  return sshChunks(place, { coding, ...(digest && { digest }) });
}

/** The bucket that a place is in, and what the keys there begin with. @throws USAGE */
export function openBucket(
  place: string,
  { http, s3, google }: Pick<OpenStoreOptions, "http" | "s3" | "google">,
): S3Place | undefined {
  const scheme = schemeOf(place);
  if (scheme === "s3+http" || scheme === "s3+https")
    return openS3(place, { ...requestOptionsOf(http), ...(s3 && s3(place)) });
  if (scheme !== "gs") return undefined;
  const [, name, prefix = ""] = /^gs:\/\/([^/]+)\/*(.*?)\/*$/is.exec(place) ?? [];
  if (name === undefined) throw new SyncError("USAGE", `no bucket is named by "${place}"`);
  return { bucket: openGoogle(name, google?.() ?? {}, requestOptionsOf(http)), prefix };
}

/** A store in a bucket is asked as one behind HTTP, but for the headers. */
export function requestOptionsOf(http: OpenStoreOptions["http"]): RequestOptions {
  const { attemptCount, fetch: call = nodeFetch(), onRetry, retryMs, timeoutMs } = http ?? {};
  return {
    ...(attemptCount !== undefined && { attemptCount }),
    fetch: call,
    ...(onRetry && { onRetry }),
    ...(retryMs !== undefined && { retryMs }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

/**
 * Where a server of this library offers its store of chunks, by its URL, or by that of the store.
 *
 * @throws USAGE
 */
export function storeAtServer(url: string): string {
  if (!URL.canParse(url)) throw new SyncError("USAGE", `not a URL: "${url}"`);
  const top = url.replace(/\/-\/chunks\/?$/, "/");
  return new URL("-/chunks/", top.endsWith("/") ? top : `${top}/`).href;
}

/** Others have `/-/` in paths, too, as GitLab does. */
const ownPath = /\/-\/(?:chunks|indexes)\/?$/;

/** What is told to what is behind a URL: the token to a server of this library only. */
export function withToken<Told extends OpenStoreOptions["http"]>(
  http: Told,
  token: string | undefined,
  url: string,
): Told | (Told & Pick<HttpChunksOptions, "headers">) {
  if (token === undefined || !URL.canParse(url) || !ownPath.test(new URL(url).pathname)) return http;
  return { ...http, headers: { authorization: `Bearer ${token}`, ...http?.headers } };
}

/** The scheme of a URL; undefined for a path. */
export function schemeOf(place: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):\/\//i.exec(place)?.[1]!.toLowerCase();
}
