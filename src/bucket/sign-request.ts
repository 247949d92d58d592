import { concatBytes } from "../bytes/compare.ts";
import { toHex } from "../bytes/hex.ts";
import { sha256 } from "../chunk/digest.ts";
import type { Bytes } from "../types.ts";

/** Who signs requests. */
export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string;
}

/** What is signed of a request. */
export interface UnsignedRequest {
  readonly method: string;
  /** With all but unreserved characters escaped. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Bytes | undefined;
  /** True for a body that is not there yet: what is signed of it is in the headers. */
  readonly isStreamed?: boolean | undefined;
}

/** Returns the headers of a request with its signature, made at a time as a `Date` has it. */
export type SignRequest = (
  request: UnsignedRequest,
  credentials: S3Credentials,
  nowMs: number,
) => Record<string, string>;

const algorithm = "AWS4-HMAC-SHA256";

/**
 * Returns what signs requests to S3 in a region, by version 4 of Amazon's signatures. Everything is
 * signed that is sent: the method, the URL, the headers and the SHA-256 of the content, or the MD5
 * that the headers give of one that is streamed.
 *
 * It is at once: by the promises of Web Crypto a signature takes as long as all else that a request
 * of a few kilobytes does.
 */
export function createSigner(region: string): SignRequest {
  // Keys to sign with are the same for a day.
  const keys = new Map<string, Bytes>();

  function keyOf(secretKey: string, day: string): Bytes {
    const known = keys.get(secretKey + day);
    if (known) return known;
    const parts = [day, region, "s3", "aws4_request"];
    const key = parts.reduce((outer, part) => hmac(outer, part), encode(`AWS4${secretKey}`));
    keys.set(secretKey + day, key);
    return key;
  }

  return ({ method, url, headers, body = nothing, isStreamed = false }, credentials, nowMs) => {
    const { accessKey, secretKey, sessionToken } = credentials;
    const now = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const day = now.slice(0, 8);
    const digest = isStreamed ? "UNSIGNED-PAYLOAD" : toHex(sha256(body));
    const { host, pathname, search } = new URL(url);
    const sent = {
      ...inLowerCase(headers),
      "x-amz-content-sha256": digest,
      "x-amz-date": now,
      ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
    };
    const signed = Object.entries({ ...sent, host }).sort(byName);
    const names = signed.map(([name]) => name).join(";");
    const lines = signed.map(([name, value]) => `${name}:${value.trim().replaceAll(/\s+/g, " ")}\n`);
    const canonical = [method, pathname, queryOf(search), lines.join(""), names, digest].join("\n");
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = [algorithm, now, scope, toHex(sha256(encode(canonical)))].join("\n");
    const signature = toHex(hmac(keyOf(secretKey, day), text));
    const authorization = `${algorithm} Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
    return { ...sent, authorization };
  };
}

function inLowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** A query by the order of its names. */
function queryOf(search: string): string {
  if (search === "") return "";
  const pairs = search.slice(1).split("&");
  const named = pairs.map((pair) => pair.split("=", 2) as [name: string, value?: string]);
  return named
    .sort(byName)
    .map(([name, value = ""]) => `${name}=${value}`)
    .join("&");
}

function byName([left]: readonly [string, string?], [right]: readonly [string, string?]): number {
  return left < right ? -1 : Number(left > right);
}

const blockBytes = 64;

/** HMAC of RFC 2104 with SHA-256. */
function hmac(key: Bytes, text: string): Bytes {
  const padded = new Uint8Array(blockBytes);
  padded.set(key.length > blockBytes ? sha256(key) : key);
  const inner = sha256(concatBytes([padded.map((byte) => byte ^ 0x36), encode(text)]));
  return sha256(concatBytes([padded.map((byte) => byte ^ 0x5c), inner]));
}

const encoder = new TextEncoder();
const encode = (text: string): Bytes => encoder.encode(text);

const nothing = new Uint8Array();
