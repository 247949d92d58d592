import { isSyncError } from "../../errors.ts";
import { isGoneOrChanged } from "../missing-bucket.ts";
import type { ObjectBucket, WriteTerms } from "../object-bucket.ts";

/** Buckets that take no terms about what is replaced. */
const withoutTerms = new WeakSet<ObjectBucket>();

/** The terms that a bucket knows of those on which an object is to be written. */
export function knownTerms(bucket: ObjectBucket, terms: WriteTerms): WriteTerms {
  const { replaces: _, ...free } = terms;
  return withoutTerms.has(bucket) ? free : terms;
}

/**
 * Writes an object on the terms that nobody else has changed it, where the provider knows such
 * terms. What is there already, because the answer to an earlier try was lost, is taken as written.
 *
 * @param etag what the object's ETag will be
 * @throws CHANGED
 */
export async function putOnTerms(
  bucket: ObjectBucket,
  key: string,
  terms: WriteTerms,
  etag: string | undefined,
  put: (terms: WriteTerms) => Promise<string>,
): Promise<string> {
  const known = knownTerms(bucket, terms);
  try {
    return await put(known);
  } catch (thrown) {
    if (isSyncError(thrown, "UNSUPPORTED") && known.replaces !== undefined) {
      withoutTerms.add(bucket);
      return put(knownTerms(bucket, terms));
    }
    if (!isGoneOrChanged(thrown) || etag === undefined) throw thrown;
    const there = await bucket.head(key, terms.signal && { signal: terms.signal });
    if (there?.etag === etag) return there.mark;
    throw thrown;
  }
}
