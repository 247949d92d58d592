import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { ObjectBucket } from "../../../../src/bucket/object-bucket.ts";
import { s3Bucket } from "../../../../src/bucket/s3.ts";
import { nodeFetch } from "../../../../src/bucket/node-fetch.node.ts";
import type { S3BucketOptions } from "../../../../src/bucket/s3-requests.ts";
import { syncBuckets, type SyncBucketsOptions } from "../../../../src/bucket/sync/sync-buckets.node.ts";
import { type S3Stub, startS3Stub } from "../../../s3-stub.ts";

/** Two stubs of S3, each with a bucket, and a place for states. */
export interface Pair {
  readonly source: S3Stub;
  readonly destination: S3Stub;
  readonly folder: string;
  readonly statePath: string;
  bucketOf(stub: S3Stub, options?: S3BucketOptions): ObjectBucket;
  /** Synchronises all of one with all of the other. */
  sync(options?: SyncBucketsOptions): ReturnType<typeof syncBuckets>;
  /** Keys and contents that a stub has. */
  contentsOf(stub: S3Stub): Record<string, string>;
}

export const quick = {
  attemptCount: 4,
  retryMs: 1,
  fetch: nodeFetch(),
  credentials: { accessKey: "k", secretKey: "s" },
} satisfies S3BucketOptions;

/** A pair for the tests of a file, empty before each. */
export function usePair(): Pair {
  const made = {} as { -readonly [Name in keyof Pair]: Pair[Name] };

  beforeAll(async () => {
    made.source = await startS3Stub("b");
    made.destination = await startS3Stub("b");
  });

  beforeEach(() => {
    if (made.folder) rmSync(made.folder, { recursive: true, force: true });
    made.folder = mkdtempSync(join(tmpdir(), "rsync-stream-pair-"));
    made.statePath = join(made.folder, "state");
    for (const stub of [made.source, made.destination]) {
      stub.buckets.clear();
      stub.buckets.set("b", new Map());
      stub.versions.length = 0;
      stub.uploads.clear();
      stub.requests.length = 0;
      stub.fault = undefined;
      stub.rewrite = undefined;
      stub.pageLength = 1000;
    }
  });

  afterAll(async () => {
    rmSync(made.folder, { recursive: true, force: true });
    await Promise.all([made.source.stop(), made.destination.stop()]);
  });

  made.bucketOf = (stub, options = quick) => s3Bucket(stub.url, "b", options);
  made.sync = async (options) =>
    syncBuckets(
      { bucket: made.bucketOf(made.source), prefix: "" },
      { bucket: made.bucketOf(made.destination), prefix: "" },
      made.statePath,
      options,
    );
  made.contentsOf = (stub) =>
    Object.fromEntries(
      [...stub.buckets.get("b")!].map(([key, { bytes }]) => [key, bytes.toString("latin1")]),
    );
  return made;
}

/** Requests of these methods that a stub got, without those about the bucket itself. */
export function countOf(stub: S3Stub, pattern: RegExp): number {
  return stub.requests.filter((request) => pattern.test(request)).length;
}
