import { hmac as portableHmac } from "@noble/hashes/hmac.js";
import { sha256 as portableSha256 } from "@noble/hashes/sha2.js";
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
}

/** Returns the headers of a request with its signature, made at a time as a `Date` has it. */
export type SignRequest = (
  request: UnsignedRequest,
  credentials: S3Credentials,
  nowMs: number,
) => Record<string, string>;

const algorithm = "AWS4-HMAC-SHA256";
const noContent = toHex(sha256(new Uint8Array()));

/**
 * Returns what signs requests to S3 in a region, by version 4 of Amazon's signatures. Everything is
 * signed that is sent: the method, the URL, the headers and the SHA-256 of the content.
 */
export function createSigner(region: string): SignRequest {
  // The key to sign with is the same for a day.
  let known: { readonly of: string; readonly key: Bytes } | undefined;

  function keyFor(secretKey: string, day: string): Bytes {
    const of = `${day} ${secretKey}`;
    if (known?.of === of) return known.key;
    const key = [day, region, "s3", "aws4_request"].reduce(hmac, bytesOf(`AWS4${secretKey}`));
    known = { of, key };
    return key;
  }

  return ({ method, url, headers, body }, { accessKey, secretKey, sessionToken }, nowMs) => {
    const { host, pathname, search } = new URL(url);
    const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const contentDigest = body === undefined || body.length === 0 ? noContent : toHex(sha256(body));
    const sent: Record<string, string> = {
      ...tidied(headers),
      "x-amz-content-sha256": contentDigest,
      "x-amz-date": time,
      ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
    };
    const signed = Object.entries({ ...sent, host }).sort(byName);
    const names = signed.map(([name]) => name).join(";");
    const lines = signed.map(([name, value]) => `${name}:${value.replaceAll(/ +/g, " ")}\n`).join("");
    const query = queryPairs(search)
      .sort(byName)
      .map((pair) => pair.join("="))
      .join("&");
    const canonical = [method, pathname, query, lines, names, contentDigest].join("\n");
    const day = time.slice(0, 8);
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = [algorithm, time, scope, toHex(sha256(bytesOf(canonical)))].join("\n");
    const signature = toHex(hmac(keyFor(secretKey, day), text));
    return {
      ...sent,
      authorization: `${algorithm} Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    };
  };
}

/** Headers as they are sent: names in lower case, values without space around them. */
function tidied(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()]),
  );
}

function queryPairs(search: string): [name: string, value: string][] {
  if (search === "") return [];
  return search
    .slice(1)
    .split("&")
    .map((pair) => {
      const [name, value = ""] = pair.split("=");
      return [name!, value];
    });
}

function byName([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return left < right ? -1 : 1;
}

/** The bytes of a text whose characters are bytes, as those of headers are. */
function bytesOf(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

// Asked for at run time, so that bundlers for the browser see no Node module here.
const node = globalThis.process?.getBuiltinModule?.("node:crypto");

/** HMAC by SHA-256. */
function hmac(key: Bytes, text: string): Bytes {
  if (!node) return portableHmac(portableSha256, key, bytesOf(text));
  return node.createHmac("sha256", key).update(text, "latin1").digest();
}
