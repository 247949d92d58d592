import { isSyncError, SyncError } from "../errors.ts";

const message = "there is no such bucket";

/** The error for a bucket that is not there, as opposed to an object or an upload in it. */
export function missingBucket(): SyncError {
  return new SyncError("NOT_FOUND", message);
}

/** True for that error. */
export function isMissingBucket(thrown: unknown): boolean {
  return isSyncError(thrown, "NOT_FOUND") && thrown.message === message;
}

/** True when an object or an upload is gone, or was replaced, in a bucket that is there. */
export function isGoneOrChanged(thrown: unknown): boolean {
  return isSyncError(thrown, "CHANGED") || (isSyncError(thrown, "NOT_FOUND") && !isMissingBucket(thrown));
}
