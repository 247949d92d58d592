import { isSyncError, SyncError, type SyncErrorDetail, withDetail, withPath } from "../errors.ts";

const message = "there is no such bucket";

/** The error for a bucket that is not there, as opposed to an object or an upload in it. */
export function missingBucket(detail: SyncErrorDetail = {}): SyncError {
  return new SyncError("NOT_FOUND", message, { detail });
}

/** True for that error. */
export function isMissingBucket(thrown: unknown): boolean {
  return isSyncError(thrown, "NOT_FOUND") && thrown.message === message;
}

/** The same error with the bucket that was asked, or an object in it. */
export function tellBucket(thrown: unknown, url: string, key: string | undefined): unknown {
  if (!isSyncError(thrown)) return thrown;
  if (key === undefined || isMissingBucket(thrown)) return withPath(thrown, url);
  return thrown.detail.bucket === undefined ? withDetail(thrown, { bucket: url }) : thrown;
}

/** True when an object or an upload is gone, or was replaced, in a bucket that is there. */
export function isGoneOrChanged(thrown: unknown): boolean {
  return isSyncError(thrown, "CHANGED") || (isSyncError(thrown, "NOT_FOUND") && !isMissingBucket(thrown));
}
