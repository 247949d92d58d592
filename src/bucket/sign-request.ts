import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { SignatureV4 } from "@smithy/signature-v4";
import { createSha256, type Digester } from "../chunk/digest.ts";
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
) => Promise<Record<string, string>>;

/**
 * Returns what signs requests to S3 in a region, by version 4 of Amazon's signatures. Everything is
 * signed that is sent: the method, the URL, the headers and the SHA-256 of the content, or the MD5
 * that the headers give of one that is streamed.
 */
export function createSigner(region: string): SignRequest {
  let loading: Promise<typeof SignatureV4> | undefined;

  return async (request, credentials, nowMs) => {
    // Few of those who load this room sign anything.
    loading ??= import("@smithy/signature-v4").then((library) => library.SignatureV4);
    const Signer = await loading;
    const signer = new Signer({
      credentials: {
        accessKeyId: credentials.accessKey,
        secretAccessKey: credentials.secretKey,
        ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
      },
      region,
      service: "s3",
      sha256: Sha256,
      // Keys are escaped once, and a slash behind another one is part of them.
      uriEscapePath: false,
    });
    const names = new Set(Object.keys(request.headers));
    const signed = await signer.sign(inParts(request), {
      signingDate: new Date(nowMs),
      signableHeaders: names,
    });
    const { host: _, ...headers } = signed.headers;
    return headers;
  };
}

/** A request as the library takes it. */
function inParts({ method, url, headers, body, isStreamed = false }: UnsignedRequest) {
  const { protocol, hostname, host, pathname, searchParams } = new URL(url);
  return {
    method,
    protocol,
    hostname,
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: { ...headers, host, ...(isStreamed && { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }) },
    body,
  };
}

/** SHA-256 as the library takes it, or the HMAC of RFC 2104 with a secret. */
class Sha256 {
  readonly #secret: Parameters<typeof bytesOf>[0] | undefined;
  #digester!: Digester;

  constructor(secret?: Parameters<typeof bytesOf>[0]) {
    this.#secret = secret;
    this.reset();
  }

  reset(): void {
    this.#digester = this.#secret === undefined ? createSha256() : hmac.create(sha256, bytesOf(this.#secret));
  }

  update(data: Uint8Array): void {
    this.#digester.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#digester.digest();
  }
}

function bytesOf(secret: string | ArrayBuffer | ArrayBufferView): Bytes {
  if (typeof secret === "string") return new TextEncoder().encode(secret);
  if (secret instanceof ArrayBuffer) return new Uint8Array(secret);
  return new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength);
}
