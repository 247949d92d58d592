import { isPassing } from "../../bytes/retry.ts";
import { isSyncError } from "../../errors.ts";
import { isMd5 } from "../etag.ts";
import { isGoneOrChanged } from "../missing-bucket.ts";
import type { ObjectBucket, StreamedContent } from "../object-bucket.ts";
import { keptMetadata } from "./kept-metadata.node.ts";
import { knownTerms } from "./put-object.ts";
import type { Task } from "./records.ts";
import type { Outcome, Work } from "./work.node.ts";

/** Which objects are sent while they come. */
export const streamLimits = Object.freeze({
  /** Bytes of an object at least: shorter ones cost less in memory. */
  leastStreamBytes: 1_048_576,
  /** Bytes of an object at most: with a connection no more is lost. */
  mostStreamBytes: 67_108_864,
});

/** Buckets that keep no MD5s, or whose servers take nothing by them. */
const withoutStreams = new WeakSet<ObjectBucket>();

/**
 * Copies an object by sending it while it comes, once. The server holds what arrived against the
 * MD5 that the source has, so no digest is made here, and the ETag stays.
 *
 * @returns undefined where that cannot be, or did not go well: another way may
 */
export async function copyStreamed(task: Task, work: Work): Promise<Outcome | undefined> {
  const { source, destination, signal, storageClass } = work;
  const { etag, sizeBytes } = task;
  const [from, to] = [source.bucket.streams, destination.bucket.streams];
  if (!from || !to || !isMd5(etag) || !isFit(task, work)) return undefined;
  const key = source.prefix + task.key;

  const send = async (content: StreamedContent): Promise<string | undefined> => {
    const { facts } = content;
    if (facts.md5 !== etag) withoutStreams.add(source.bucket);
    if (facts.md5 !== etag || facts.sizeBytes !== sizeBytes) return undefined;
    const metadata = await keptMetadata({ bucket: source.bucket, key, facts }, work);
    const terms = { replaces: task.replaces, metadata, signal, storageClass };
    return to.write(destination.prefix + task.key, content, etag, knownTerms(destination.bucket, terms));
  };
  try {
    const mark = await from.read(key, send, { ifMark: etag, sizeBytes, signal });
    if (mark === undefined) return undefined;
    return { type: "copied", bytes: sizeBytes, sourceMark: etag, destinationMark: mark };
  } catch (thrown) {
    signal.throwIfAborted();
    const isOfObject = isPassing(thrown) || isGoneOrChanged(thrown) || isSyncError(thrown, "UNSUPPORTED");
    if (!isOfObject) withoutStreams.add(destination.bucket);
    return undefined;
  }
}

/** What an earlier run has begun in parts is gone on with. */
function isFit({ key, sizeBytes }: Task, { source, destination, state }: Work): boolean {
  const { leastStreamBytes, mostStreamBytes } = streamLimits;
  if (sizeBytes < leastStreamBytes || sizeBytes > mostStreamBytes) return false;
  if (withoutStreams.has(source.bucket) || withoutStreams.has(destination.bucket)) return false;
  return state.upload(key) === undefined;
}
