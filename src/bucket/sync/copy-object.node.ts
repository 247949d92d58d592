import { isSyncError, SyncError, toSyncError, withPath } from "../../errors.ts";
import { changedMeanwhile } from "../changed-meanwhile.ts";
import { isMissingBucket } from "../missing-bucket.ts";
import { md5Of } from "../content-digest.node.ts";
import { partCountOf } from "../etag.ts";
import { copyInParts } from "./copy-in-parts.node.ts";
import { copyStreamed } from "./copy-streamed.node.ts";
import { putOnTerms } from "./put-object.ts";
import { keptMetadata, noMetadata } from "./kept-metadata.node.ts";
import { haveSameContent } from "./same-content.node.ts";
import type { Task } from "./records.ts";
import type { Outcome, Work } from "./work.node.ts";

/** How objects are copied. */
export const copyLimits = Object.freeze({
  /** Bytes of an object that is written at once. */
  wholeBytes: 16_777_216,
  /** Bytes of an object that a provider copies by one request. */
  providerBytes: 5_368_709_120,
  /** Times that an object is begun anew because it was changed or came damaged. */
  renewalCount: 4,
});

/** What may be otherwise when an object is looked at anew. */
const renewable = new Set(["CHANGED", "CORRUPT", "LIMIT", "NOT_FOUND"]);

/** Copies one object, unless that turns out to be needless. Throws what ends the run only. */
export async function copyObject(task: Task, work: Work): Promise<Outcome> {
  let now = task;
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptCopy(now, work);
    } catch (thrown) {
      work.signal.throwIfAborted();
      const error = withPath(toSyncError(thrown), task.key);
      if (endsRun(error)) throw error;
      const mayPass = renewable.has(error.code) && !isMissingBucket(error);
      if (!mayPass || attempt >= copyLimits.renewalCount) return { type: "failed", error };
      now = await lookAgain(now, work);
    }
  }
}

/** A state that cannot be written makes all further work worthless. */
function endsRun({ code }: SyncError): boolean {
  return code === "NO_SPACE" || code === "INTERNAL" || code === "STATE";
}

/**
 * The task as the source is now. The destination stays what the listing said of it: a change there
 * is somebody else's.
 */
async function lookAgain(task: Task, { source, signal }: Work): Promise<Task> {
  const facts = await source.bucket.head(source.prefix + task.key, { signal }).catch(() => undefined);
  if (facts === undefined) return task;
  return { ...task, action: "ask", sizeBytes: facts.sizeBytes, mark: facts.mark, etag: facts.etag };
}

async function attemptCopy(task: Task, work: Work): Promise<Outcome> {
  if (task.action === "ask") {
    const found = await askForBoth(task, work);
    if (found) return found;
  }
  if (work.isDry) return { type: "copied", bytes: task.sizeBytes, sourceMark: "", destinationMark: "" };
  if (work.backupPrefix !== undefined && task.replaces !== null) await keepReplaced(task, work);
  const isNear = work.destination.bucket.copiesFrom(work.source.bucket);
  if (isNear) {
    try {
      return await copyByProvider(task, work);
    } catch (thrown) {
      if (!isSyncError(thrown, "UNSUPPORTED") && !isSyncError(thrown, "UNAUTHORIZED")) throw thrown;
      work.onNotice(`the provider does not copy ${task.key} itself: ${thrown.message}`);
    }
  }
  return copyThroughHere(task, work);
}

/** Finds out whether both sides have the same, or the source has nothing any more. */
async function askForBoth(task: Task, { source, destination, signal }: Work): Promise<Outcome | undefined> {
  const at = { bucket: source.bucket, key: source.prefix + task.key };
  const to = { bucket: destination.bucket, key: destination.prefix + task.key };
  const [left, right] = await Promise.all([
    at.bucket.head(at.key, { signal }),
    to.bucket.head(to.key, { signal }),
  ]);
  if (left === undefined) return { type: "vanished" };
  if (right === undefined) return undefined;
  const isSame = await haveSameContent({ ...at, facts: left }, { ...to, facts: right }, signal);
  return isSame === true ? { type: "equal", sourceMark: left.mark, destinationMark: right.mark } : undefined;
}

async function copyByProvider(task: Task, work: Work): Promise<Outcome> {
  const { source, destination, signal, storageClass } = work;
  const from = source.prefix + task.key;
  const isLong = task.sizeBytes > copyLimits.providerBytes;
  if (destination.bucket.parts.copy && (isLong || partCountOf(task.etag) !== undefined)) {
    const facts = await source.bucket.head(from, { signal });
    if (facts === undefined) return { type: "vanished" };
    const mark = await copyInParts(task, facts, work, "provider");
    return { type: "copied", bytes: facts.sizeBytes, sourceMark: facts.mark, destinationMark: mark };
  }
  const mark = await destination.bucket.copy(
    { bucket: source.bucket, key: from, etag: task.etag, mark: task.mark },
    destination.prefix + task.key,
    { signal, storageClass, ...(!work.keepsMetadata && { metadata: noMetadata(work) }) },
  );
  if (mark === undefined) return { type: "vanished" };
  return { type: "copied", bytes: task.sizeBytes, sourceMark: task.mark, destinationMark: mark };
}

async function copyThroughHere(task: Task, work: Work): Promise<Outcome> {
  const { source, signal } = work;
  const isComposite = partCountOf(task.etag) !== undefined;
  const streamed = await copyStreamed(task, work);
  if (streamed) return streamed;
  if (!isComposite && task.sizeBytes <= copyLimits.wholeBytes)
    return work.room.use(task.sizeBytes, async () => copyWhole(task, work));
  const facts = await source.bucket.head(source.prefix + task.key, { signal });
  if (facts === undefined) return { type: "vanished" };
  const mark = await copyInParts(task, facts, work, "through here");
  return { type: "copied", bytes: facts.sizeBytes, sourceMark: facts.mark, destinationMark: mark };
}

/** Copies an object of which all is in memory at once. */
async function copyWhole(task: Task, work: Work): Promise<Outcome> {
  const { source, destination, signal, storageClass } = work;
  const from = { bucket: source.bucket, key: source.prefix + task.key };
  const read = await from.bucket.read(from.key, { signal, mostBytes: copyLimits.wholeBytes });
  if (read === undefined) return { type: "vanished" };
  const { bytes, facts } = read;
  if (facts.mark === task.mark && bytes.length !== task.sizeBytes)
    throw new SyncError("CORRUPT", "what came is not as long as the listing says");
  const md5 = md5Of(bytes);
  if (facts.md5 !== undefined && facts.md5 !== md5)
    throw new SyncError("CORRUPT", "what came is not what its ETag says");
  const terms = {
    replaces: task.replaces,
    signal,
    storageClass,
    metadata: await keptMetadata({ ...from, facts }, work),
  };
  const key = destination.prefix + task.key;
  const mark = await putOnTerms(destination.bucket, key, terms, md5, async (terms) =>
    destination.bucket.write(key, bytes, terms),
  );
  return { type: "copied", bytes: bytes.length, sourceMark: facts.mark, destinationMark: mark };
}

/**
 * Keeps what is replaced. What is no longer what was listed may be the copy itself, which a run
 * made that was killed before that was recorded: the old content is kept already then.
 *
 * @throws CHANGED
 */
async function keepReplaced({ key, replaces }: Task, work: Work): Promise<void> {
  const { destination, signal } = work;
  const facts = await destination.bucket.head(destination.prefix + key, { signal });
  if (facts?.mark !== replaces) throw changedMeanwhile();
  await keepOld(key, work);
}

/** Keeps what the destination has of a key under another one, before it is replaced or deleted. */
export async function keepOld(key: string, work: Work): Promise<void> {
  const { destination, signal } = work;
  const from = { bucket: destination.bucket, key: destination.prefix + key };
  await destination.bucket.copy(from, work.backupPrefix! + key, { signal });
}
