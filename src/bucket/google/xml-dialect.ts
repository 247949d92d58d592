import type { S3BucketOptions, S3Dialect } from "../s3-requests.ts";

/** Where Google has buckets, and how its server differs from S3's. */
export const googleEndpoint = "https://storage.googleapis.com";

/**
 * What its XML interface has of S3: no deletion of many at once, no copied parts, no tags. What is
 * stored as gzip it decompresses for who does not take that.
 */
export const googleDialect: S3Dialect = {
  deletesMany: false,
  copiesParts: false,
  hasVersions: false,
  hasTags: false,
  decompresses: true,
};

/** How to ask there; credentials are HMAC keys. */
export const googleOptions = {
  dialect: googleDialect,
  region: "auto",
  lookup: "path",
} as const satisfies S3BucketOptions;
