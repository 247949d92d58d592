import type { ObjectBucket } from "../object-bucket.ts";
import type { RequestOptions } from "../requests.ts";
import { s3Bucket } from "../s3.ts";
import type { S3BucketOptions } from "../s3-requests.ts";
import { googleBucket } from "./json-bucket.node.ts";
import type { ServiceAccount } from "./key-file.node.ts";
import { googleEndpoint, googleOptions } from "./xml-dialect.ts";

/** Who one is to Google: a service account, the owner of HMAC keys, or nobody. */
export interface GoogleAccess {
  readonly account?: ServiceAccount;
  readonly hmac?: S3BucketOptions["credentials"];
  /** The server; Google's own unless given. */
  readonly endpoint?: string | undefined;
}

/** Opens a bucket of Google, by its JSON interface for a service account, else by that of S3. */
export function openGoogle(
  name: string,
  { account, hmac, endpoint = googleEndpoint }: GoogleAccess,
  options: RequestOptions = {},
): ObjectBucket {
  if (account) return googleBucket(name, account, { ...options, endpoint });
  return s3Bucket(endpoint, name, { ...options, ...googleOptions, ...(hmac && { credentials: hmac }) });
}
