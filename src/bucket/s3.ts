import { AwsV4Signer } from "aws4fetch";
import { toHex } from "../bytes/hex.ts";
import { sha256 } from "../chunk/digest.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { Bucket, BucketObject } from "./bucket.ts";
import { asking, bodyOf, refusal, type RequestOptions } from "./requests.ts";

/** Who asks. */
export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string;
}

/** How a bucket stands in a URL: as the first part of the path, or in front of the host. */
export type S3Lookup = "path" | "dns";

export interface S3BucketOptions extends RequestOptions {
  /** Requests are not signed unless given. */
  readonly credentials?: S3Credentials;
  /** `us-east-1` unless given. */
  readonly region?: string;
  /** `dns` for hosts of Amazon, otherwise `path`, unless given. */
  readonly lookup?: S3Lookup;
}

/** What is read of answers. */
export const s3Limits = Object.freeze({
  /** Bytes of a page of a listing, which has a thousand objects. */
  s3ListBytes: 16_777_216,
  /** Bytes of what is said about a failure. */
  s3ErrorBytes: 65_536,
});

/**
 * A bucket behind the protocol of S3.
 *
 * @param endpoint of the server, without the bucket
 */
export function s3Bucket(endpoint: string, name: string, options: S3BucketOptions = {}): Bucket {
  const { credentials, region = "us-east-1", lookup = lookupOf(endpoint) } = options;
  const ask = asking(options);
  const base = baseOf(endpoint, name, lookup);

  async function signed(
    method: string,
    url: string,
    body?: Bytes,
    contentType?: string,
  ): Promise<{ url: string; init: RequestInit }> {
    const headers: Record<string, string> = contentType === undefined ? {} : { "content-type": contentType };
    // What is asked and signed is for this server: elsewhere a request would be another.
    const common = { method, redirect: "manual", ...(body && { body: new Uint8Array(body) }) } as const;
    if (!credentials) return { url, init: { ...common, headers } };
    headers["x-amz-content-sha256"] = toHex(sha256(body ?? new Uint8Array(0)));
    const signer = new AwsV4Signer({
      method,
      url,
      headers,
      accessKeyId: credentials.accessKey,
      secretAccessKey: credentials.secretKey,
      ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
      service: "s3",
      region,
    });
    const done = await signer.sign();
    return { url: done.url.href, init: { ...common, headers: done.headers } };
  }

  async function listPage(
    prefix: string,
    token: string | undefined,
    options: AbortOptions | undefined,
  ): Promise<string> {
    const query = new URLSearchParams({ "list-type": "2", prefix, "encoding-type": "url" });
    if (token !== undefined) query.set("continuation-token", token);
    // A space is %20 in what is signed.
    const url = `${base}?${query.toString().replaceAll("+", "%20")}`;
    return ask(
      () => signed("GET", url),
      async (response) => {
        if (response.status !== 200) throw await refused(response);
        const page = new TextDecoder().decode(await bodyOf(response, s3Limits.s3ListBytes));
        if (!isWhole(page, token)) throw new SyncError("UPSTREAM", "the server answers no listing");
        return page;
      },
      options,
    );
  }

  return {
    get: (key, maxBytes, options) =>
      ask(
        () => signed("GET", base + encodeKey(key)),
        async (response) => {
          if (response.status === 404) return absent(response);
          if (response.status !== 200) throw await refused(response);
          return bodyOf(response, maxBytes);
        },
        options,
      ),
    has: (key, options) =>
      ask(
        () => signed("HEAD", base + encodeKey(key)),
        async (response) => {
          if (response.status === 200 || response.status === 404) return response.status === 200;
          throw refusal(response);
        },
        options,
      ),
    put: (key, bytes, contentType, options) =>
      ask(
        () => signed("PUT", base + encodeKey(key), bytes, contentType),
        async (response) => {
          if (response.status !== 200) throw await refused(response);
          const code = await codeOf(response);
          if (code !== undefined) throw new SyncError("UPSTREAM", `the server answers ${code}`);
        },
        options,
      ),
    delete: (key, options) =>
      ask(
        () => signed("DELETE", base + encodeKey(key)),
        async (response) => {
          if (response.status === 404) await absent(response);
          else if (response.status >= 300) throw await refused(response);
        },
        options,
      ),
    async *list(prefix, options) {
      for (let token: string | undefined, isLast = false; !isLast;) {
        const page = await listPage(prefix, token, options);
        yield* objectsIn(page);
        token = textIn(page, "NextContinuationToken");
        isLast = token === undefined;
      }
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

/** A key as it stands in a URL, in which all but unreserved characters are escaped. */
function encodeKey(key: string): string {
  const escape = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  return key
    .split("/")
    .map((part) => encodeURIComponent(part).replaceAll(/[!'()*]/g, escape))
    .join("/");
}

/** What an answer means by which something is not there. @throws IO when that is the bucket */
async function absent(response: Response): Promise<undefined> {
  if ((await codeOf(response)) !== "NoSuchBucket") return undefined;
  throw new SyncError("IO", "there is no such bucket");
}

/** The error for an answer that says no, with what it says. */
async function refused(response: Response): Promise<SyncError> {
  const code = await codeOf(response);
  if (code === "NoSuchBucket") return new SyncError("IO", "there is no such bucket");
  const error = refusal(response);
  return code === undefined ? error : new SyncError(error.code, `${error.message}: ${code}`);
}

async function codeOf(response: Response): Promise<string | undefined> {
  const text = new TextDecoder().decode(await bodyOf(response, s3Limits.s3ErrorBytes));
  return textIn(text, "Code");
}

/** True for a page to its end, which leads on to another one if it says that there is more. */
function isWhole(page: string, token: string | undefined): boolean {
  const next = textIn(page, "NextContinuationToken");
  const leadsOn = next === undefined ? textIn(page, "IsTruncated") !== "true" : next !== token;
  return leadsOn && page.includes("</ListBucketResult>");
}

function* objectsIn(page: string): Generator<BucketObject> {
  for (const object of page.split("<Contents>").slice(1)) {
    const key = textIn(object, "Key");
    if (key === undefined) continue;
    yield {
      key: decodeKey(key),
      sizeBytes: Number(textIn(object, "Size")),
      writtenMs: Date.parse(textIn(object, "LastModified") ?? ""),
    };
  }
}

/** A key as it was written; that of a server that escapes none may be no escaped text. */
function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

const lastCodePoint = 0x10ffff;
const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** What stands between the tags of an element that holds text. */
function textIn(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, named: string) => {
    const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    if (code <= lastCodePoint) return String.fromCodePoint(code);
    return entities[named] ?? whole;
  });
}
