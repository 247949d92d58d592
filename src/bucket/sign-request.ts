import type { SignatureV4 } from "@smithy/signature-v4";
import { concatBytes } from "../bytes/compare.ts";
import { sha256 } from "../chunk/digest.ts";
import { hmacSha256 } from "../chunk/hmac.ts";
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
  let known: S3Credentials | undefined;
  let signer: SignatureV4 | undefined;

  /** A signer for the credentials, which stay the same for many requests. */
  function signerFor(Signer: typeof SignatureV4, credentials: S3Credentials): SignatureV4 {
    const { accessKey, secretKey, sessionToken } = credentials;
    const isSame =
      known?.accessKey === accessKey && known.secretKey === secretKey && known.sessionToken === sessionToken;
    if (signer && isSame) return signer;
    known = { ...credentials };
    signer = new Signer({
      credentials: {
        accessKeyId: accessKey,
        secretAccessKey: secretKey,
        ...(sessionToken !== undefined && { sessionToken }),
      },
      region,
      service: "s3",
      sha256: Sha256,
      // Keys are escaped once, and a slash behind another one is part of them.
      uriEscapePath: false,
    });
    return signer;
  }

  return async (request, credentials, nowMs) => {
    // Few of those who load this room sign anything.
    loading ??= import("@smithy/signature-v4").then((library) => library.SignatureV4);
    const signer = signerFor(await loading, credentials);
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
    query: queryIn(searchParams),
    headers: { ...headers, host, ...(isStreamed && { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }) },
    body,
  };
}

/** What a URL asks for by its names, of which one may be there more than once. */
function queryIn(asked: URLSearchParams): Record<string, string | string[]> {
  const names = new Set(asked.keys());
  return Object.fromEntries([...names].map((name) => [name, asked.getAll(name)]));
}

type Secret = string | ArrayBuffer | ArrayBufferView;

/** SHA-256 as the library takes it, or the HMAC with a secret. */
class Sha256 {
  readonly #secret: Secret | undefined;
  #parts: Bytes[] = [];

  constructor(secret?: Secret) {
    this.#secret = secret;
  }

  reset(): void {
    this.#parts = [];
  }

  update(part: Bytes): void {
    this.#parts.push(part);
  }

  async digest(): Promise<Bytes> {
    const all = this.#parts.length === 1 ? this.#parts[0]! : concatBytes(this.#parts);
    return this.#secret === undefined ? sha256(all) : hmacSha256(bytesOf(this.#secret), all);
  }
}

function bytesOf(secret: Secret): Bytes {
  if (typeof secret === "string") return new TextEncoder().encode(secret);
  if (secret instanceof ArrayBuffer) return new Uint8Array(secret);
  return new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength);
}
