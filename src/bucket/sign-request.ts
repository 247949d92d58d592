import { AwsV4Signer } from "aws4fetch";
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
) => Promise<Record<string, string>>;

/**
 * Returns what signs requests to S3 in a region, by version 4 of Amazon's signatures. Everything is
 * signed that is sent: the method, the URL, the headers and the SHA-256 of the content, or the MD5
 * that the headers give of one that is streamed.
 */
export function createSigner(region: string): SignRequest {
  // Keys to sign with are the same for a day.
  const cache = new Map<string, ArrayBuffer>();
  return async ({ method, url, headers, body = nothing, isStreamed = false }, credentials, nowMs) => {
    const { accessKey, secretKey, sessionToken } = credentials;
    const signer = new AwsV4Signer({
      method,
      url,
      headers: {
        ...headers,
        "x-amz-content-sha256": isStreamed ? "UNSIGNED-PAYLOAD" : toHex(sha256(body)),
      },
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      ...(sessionToken !== undefined && { sessionToken }),
      service: "s3",
      region,
      cache,
      allHeaders: true,
      datetime: new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, ""),
    });
    return Object.fromEntries((await signer.sign()).headers);
  };
}

const nothing = new Uint8Array();
