import type { Answer } from "./answer.ts";
import { createSigner, type S3Credentials } from "./sign-request.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { tellBucket } from "./missing-bucket.ts";
import { asking, type AskOptions, type RequestOptions } from "./requests.ts";

/** How a bucket stands in a URL: as the first part of the path, or in front of the host. */
export type S3Lookup = "path" | "dns";

/** What a server that speaks S3 can do, where they differ. */
export interface S3Dialect {
  /** True when a thousand objects are deleted by one request. */
  readonly deletesMany: boolean;
  /** True when parts of uploads can be taken from other objects. */
  readonly copiesParts: boolean;
  /** True when versions are listed and deleted as S3 does. */
  readonly hasVersions: boolean;
  /** True when objects have tags. */
  readonly hasTags: boolean;
  /** True when what is stored as gzip comes as it is only to who says that gzip is taken. */
  readonly decompresses: boolean;
}

export interface S3BucketOptions extends RequestOptions {
  /** Requests are not signed unless given. What changes with time is asked for each request. */
  readonly credentials?: S3Credentials | (() => S3Credentials | undefined);
  /** `us-east-1` unless given. */
  readonly region?: string;
  /** `dns` for hosts of Amazon, otherwise `path`, unless given. */
  readonly lookup?: S3Lookup;
  /** That of Amazon unless given. */
  readonly dialect?: S3Dialect;
}

/** What is read of answers. */
export const s3Limits = Object.freeze({
  /** Bytes of a page of a listing, which has a thousand objects. */
  s3ListBytes: 16_777_216,
  /** Pages of a listing that have nothing, one behind the other. */
  s3EmptyPageCount: 1000,
  /** Bytes of what is said about a failure. */
  s3ErrorBytes: 65_536,
  /** Objects that are deleted by one request: what S3 takes. */
  s3DeletionCount: 1000,
});

/** A request about a bucket, or about the object that has the key. */
export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Bytes;
  /** Sent while it comes, in the place of a body. The request is not made again then. */
  readonly streamed?: Answer;
}

/** Makes signed requests about one bucket. */
export interface S3Requests {
  /** The bucket's name, and the server that has it. */
  readonly name: string;
  readonly origin: string;
  /** Sends a request, and takes what is answered, be it good or bad. */
  send<Result>(
    request: S3Request,
    take: (response: Answer) => Promise<Result>,
    options?: AskOptions,
  ): Promise<Result>;
}

/** Returns what asks a server about a bucket. @param endpoint of the server, without the bucket */
export function s3Requests(endpoint: string, name: string, options: S3BucketOptions): S3Requests {
  const { dialect, region = "us-east-1", lookup = lookupOf(endpoint) } = options;
  const ask = asking(options);
  const base = baseOf(endpoint, name, lookup);
  const sign = createSigner(region);
  const credentialsNow = (): S3Credentials | undefined =>
    typeof options.credentials === "function" ? options.credentials() : options.credentials;

  async function make({ method, key = "", query = {}, headers = {}, body, streamed }: S3Request) {
    // What is asked and signed is for this server: elsewhere a request would be another.
    const init = {
      method,
      redirect: "manual",
      ...(body && { body: body as BodyInit }),
      answer: streamed,
    } as const;
    const url = base + encodeKey(key) + encodeQuery(query);
    // Servers in between change this header, so it is not signed.
    const isContent = method === "GET" && key !== "";
    const asStored = isContent && dialect?.decompresses === true ? { "accept-encoding": "gzip" } : {};
    const credentials = credentialsNow();
    if (!credentials) return { url, init: { ...init, headers: { ...headers, ...asStored } } };
    const signed = await sign(
      { method, url, headers, body, isStreamed: streamed !== undefined },
      credentials,
      Date.now(),
    );
    return { url, init: { ...init, headers: { ...signed, ...asStored } } };
  }

  return {
    name,
    origin: new URL(endpoint).origin,
    send: (request, take, options) => {
      const contentBytes = (request.body?.length ?? 0) + (options?.contentBytes ?? 0);
      const isOnce = request.streamed !== undefined || options?.isOnce === true;
      const asked = ask(() => make(request), take, { ...options, contentBytes, isOnce });
      return asked.catch((thrown: unknown) => {
        throw tellBucket(thrown, base, request.key);
      });
    },
  };
}

function lookupOf(endpoint: string): S3Lookup {
  return /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname) ? "dns" : "path";
}

function baseOf(endpoint: string, name: string, lookup: S3Lookup): string {
  const url = new URL(endpoint);
  if (lookup === "path") return `${url.origin}/${encodeURIComponent(name)}/`;
  return `${url.protocol}//${name}.${url.host}/`;
}

/** A text as it stands in a URL, in which all but unreserved characters are escaped. */
function escapeAll(text: string): string {
  const escape = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, escape);
}

/** A key as it stands in a URL. @throws PATH where parts of it would be steps of a path there */
export function encodeKey(key: string): string {
  const parts = key.split("/");
  if (parts.some((part) => part === "." || part === ".."))
    throw new SyncError("PATH", "no URL can name an object with . or .. in its key", {
      detail: { path: key },
    });
  return parts.map(escapeAll).join("/");
}

function encodeQuery(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${escapeAll(value)}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
