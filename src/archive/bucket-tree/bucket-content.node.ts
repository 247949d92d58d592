import type { ObjectBucket } from "../../bucket/object-bucket.ts";
import { SyncError, toSyncError, withPath } from "../../errors.ts";
import type { AbortOptions, Bytes } from "../../types.ts";
import { PartedContent } from "../parted-content.ts";

/** An object as it was listed. */
export interface BucketFile {
  readonly key: string;
  /** Below the top of the tree. */
  readonly path: string;
  readonly size: number;
  /** What it is read by: another state of the object has another one. */
  readonly mark: string;
}

/** How content is asked for. */
export const bucketReadLimits = Object.freeze({
  /** Bytes of one request. */
  readPartBytes: 8_388_608,
  /** Requests that are under way at a time, and bytes of them, unless it is one. */
  readPartCount: 16,
  readAheadBytes: 33_554_432,
  /** Objects whose metadata are looked at at a time. */
  bucketLookCount: 32,
});

/** The content of the objects of a bucket. Requests are made ahead of what is cut. */
export function bucketContent(bucket: ObjectBucket): PartedContent<BucketFile> {
  const { readPartBytes: partBytes, readPartCount: partCount, readAheadBytes: aheadBytes } = bucketReadLimits;
  return new PartedContent({
    partBytes,
    partCount,
    aheadBytes,
    read: (file, offset, length, options) => readObject(bucket, file, offset, length, options),
  });
}

/** @throws CHANGED for an object that is another one by now, or is gone; what reading throws */
export async function readObject(
  bucket: ObjectBucket,
  { key, mark, path }: BucketFile,
  offset: number,
  length: number,
  { signal }: AbortOptions,
): Promise<Bytes> {
  signal?.throwIfAborted();
  if (length === 0) return new Uint8Array(0);
  const terms = { range: { offset, length }, ifMark: mark, mostBytes: length, ...(signal && { signal }) };
  const found = await bucket.read(key, terms).catch((thrown: unknown) => {
    throw withPath(toSyncError(thrown, "IO"), path);
  });
  if (!found) throw new SyncError("VANISHED", "the object is gone", { detail: { path } });
  if (found.bytes.length < length)
    throw new SyncError("CHANGED", "the object is shorter than it was", { detail: { path } });
  return found.bytes;
}
