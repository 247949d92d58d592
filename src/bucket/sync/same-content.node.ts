import { etagOfContent } from "../content-digest.node.ts";
import { isMd5, partCountOf } from "../etag.ts";
import type { ObjectBucket, ObjectFacts } from "../object-bucket.ts";

/** An object at one side, with what is known of it. */
export interface KnownObject {
  readonly bucket: ObjectBucket;
  readonly key: string;
  readonly facts: ObjectFacts;
}

/**
 * Whether two objects have the same content, by what providers keep, or else by reading the one
 * that lies on disk. Undefined where that does not tell.
 */
export async function haveSameContent(
  source: KnownObject,
  destination: KnownObject,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const [left, right] = [source.facts, destination.facts];
  if (left.sizeBytes !== right.sizeBytes) return false;
  if (left.etag !== undefined && left.etag === right.etag) return true;
  const told = compareDigests(left, right);
  if (told !== undefined) return told;
  if (left.etag === undefined) return readAndCompare(source, destination, signal);
  if (right.etag === undefined) return readAndCompare(destination, source, signal);
  return undefined;
}

/** Compares the MD5s and checksums that both have. */
function compareDigests(left: ObjectFacts, right: ObjectFacts): boolean | undefined {
  if (left.md5 !== undefined && right.md5 !== undefined) return left.md5 === right.md5;
  const common = Object.keys(left.checksums).find((name) => right.checksums[name] !== undefined);
  return common === undefined ? undefined : left.checksums[common] === right.checksums[common];
}

/** Reads the object of a file to make the ETag that the other one has. */
async function readAndCompare(
  file: KnownObject,
  other: KnownObject,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const wanted = await layoutOf(other, signal);
  if (wanted === undefined) return undefined;
  const { sizeBytes, mark } = file.facts;
  const made = await etagOfContent(
    file.bucket,
    file.key,
    { sizeBytes, mark, ...(wanted.partBytes !== undefined && { partBytes: wanted.partBytes }) },
    signal,
  );
  return made === undefined ? undefined : made === wanted.etag;
}

/** An ETag that can be made again of the content, and the parts it is of. */
async function layoutOf(
  { bucket, key, facts }: KnownObject,
  signal: AbortSignal,
): Promise<{ readonly etag: string; readonly partBytes?: number } | undefined> {
  const { etag, md5, sizeBytes, mark } = facts;
  if (md5 !== undefined) return { etag: md5 };
  // Of two files both are read.
  if (etag === undefined) {
    const made = await etagOfContent(bucket, key, { sizeBytes, mark }, signal);
    return made === undefined ? undefined : { etag: made };
  }
  if (isMd5(etag)) return undefined;
  const partBytes = await partBytesOf({ bucket, key, facts }, signal);
  return partBytes === undefined ? undefined : { etag, partBytes };
}

/** The length of the parts by which an object was written, when all but the last were of one. */
export async function partBytesOf(
  { bucket, key, facts: { etag, sizeBytes } }: KnownObject,
  signal: AbortSignal,
): Promise<number | undefined> {
  const count = partCountOf(etag);
  if (count === undefined) return undefined;
  const first = await bucket.firstPartBytes(key, { signal });
  if (first === undefined || first <= 0 || Math.ceil(sizeBytes / first) !== count) return undefined;
  return first;
}
