import { SyncError } from "../errors.ts";
import type { ObjectBucket } from "./object-bucket.ts";
import { s3Bucket } from "./s3.ts";
import type { S3BucketOptions, S3Lookup } from "./s3-requests.ts";

/** What is known of how to ask at a place. */
export type S3Settings = (place: string) => Pick<S3BucketOptions, "credentials" | "region">;

/** A bucket, and what the keys in it begin with. */
export interface S3Place {
  readonly bucket: ObjectBucket;
  readonly prefix: string;
}

const lookups: Readonly<Record<string, S3Lookup | undefined>> = {
  auto: undefined,
  path: "path",
  dns: "dns",
};

/**
 * Opens what a URL such as `s3+https://host/bucket/prefix?lookup=path` stands for.
 *
 * @throws USAGE for what is none
 */
export function openS3(place: string, options: S3BucketOptions = {}): S3Place {
  const bare = place.replace(/^s3\+/i, "");
  const url = URL.canParse(bare) ? new URL(bare) : undefined;
  const [, name, prefix = ""] = /^\/+([^/]+)\/*(.*?)\/*$/.exec(decodeURI(url?.pathname ?? "")) ?? [];
  if (url === undefined || name === undefined)
    throw new SyncError("USAGE", `no bucket is named by "${place}"`);
  const asked = url.searchParams.get("lookup") ?? "auto";
  if (!Object.hasOwn(lookups, asked))
    throw new SyncError("USAGE", `lookup is auto, path or dns, not "${asked}"`);
  const lookup = lookups[asked];
  return { bucket: s3Bucket(url.origin, name, { ...options, ...(lookup && { lookup }) }), prefix };
}

/** The endpoint of such a URL, by which configurations name it. */
export function s3EndpointOf(place: string): string {
  return new URL(place.replace(/^s3\+/i, "")).origin;
}
