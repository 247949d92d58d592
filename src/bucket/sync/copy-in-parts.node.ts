import { inAnyOrder } from "../../bytes/in-any-order.ts";
import { SyncError } from "../../errors.ts";
import { isGoneOrChanged } from "../missing-bucket.ts";
import { compositeEtag, md5Of } from "../content-digest.node.ts";
import { isMd5, partCountOf } from "../etag.ts";
import type { ObjectFacts, ObjectMetadata, PartPlace, UploadedPart } from "../object-bucket.ts";
import { withMd5 } from "../s3-objects.ts";
import { putOnTerms } from "./put-object.ts";
import { keptMetadata } from "./kept-metadata.node.ts";
import { type KnownObject, partBytesOf } from "./same-content.node.ts";
import type { Task } from "./records.ts";
import type { Work } from "./work.node.ts";

/** How objects are cut that are written in parts. */
export const partPlanLimits = Object.freeze({
  /** Bytes of a part, unless the source is cut otherwise or that would be too many. */
  usualPartBytes: 8_388_608,
  /** Bytes of a part of the source that is taken over, so that the ETag stays. It is in memory. */
  takenPartBytes: 67_108_864,
  /** Parts of one object under way at a time. */
  partsAtOnce: 4,
});

interface PlannedPart extends PartPlace {
  readonly length: number;
}

/**
 * Copies an object in parts, by the provider itself or through here. Parts that an earlier run
 * wrote are not written again. Where it can be, the parts are those of the source, so that the
 * ETags are equal, too.
 *
 * @returns the mark of what was written
 * @throws CHANGED when the source is no longer what it was
 */
export async function copyInParts(
  task: Task,
  facts: ObjectFacts,
  work: Work,
  way: "provider" | "through here",
): Promise<string> {
  const { source, destination, state, signal } = work;
  const writer = destination.bucket.parts;
  const from = { bucket: source.bucket, key: source.prefix + task.key };
  const key = destination.prefix + task.key;
  const partBytes = await choosePartBytes({ ...from, facts }, work, way);
  const parts = planParts(facts.sizeBytes, partBytes);
  const metadata = await metadataFor({ ...from, facts }, work);
  const begun = state.upload(task.key);
  const isSame = begun?.mark === facts.mark && begun.partBytes === partBytes;
  if (begun && !isSame) await writer.abandon({ key, id: begun.id }, { signal });
  const upload = isSame
    ? { key, id: begun.id }
    : await writer.begin(key, metadata, { signal, storageClass: work.storageClass });
  if (!isSame) state.beginUpload(task.key, { id: upload.id, mark: facts.mark, partBytes });
  const done = new Map<number, UploadedPart>(isSame ? begun.parts.map((part) => [part.number, part]) : []);

  async function writePart(part: PlannedPart): Promise<void> {
    const written = way === "provider" ? await takeOver(part) : await passOn(part);
    state.addPart(task.key, written);
    done.set(part.number, written);
  }

  async function takeOver(part: PlannedPart): Promise<UploadedPart> {
    return writer.copy!(upload, part, { ...from, etag: facts.etag, mark: facts.mark }, { signal });
  }

  async function passOn(part: PlannedPart): Promise<UploadedPart> {
    return work.room.use(part.length, async () => {
      const read = await from.bucket.read(from.key, { range: part, ifMark: facts.mark, signal });
      if (read?.bytes.length !== part.length) throw new SyncError("CHANGED", "it was changed meanwhile");
      const written = await writer.write(upload, part, read.bytes, { signal });
      if (isMd5(written.etag) || written.etag !== "") return written;
      return { ...written, etag: md5Of(read.bytes) };
    });
  }

  try {
    const missing = parts.filter(({ number }) => !done.has(number));
    await inAnyOrder(missing, { count: partPlanLimits.partsAtOnce }, writePart);
    const list = parts.map(({ number }) => done.get(number)!);
    const expected = list.every(({ etag }) => isMd5(etag))
      ? compositeEtag(list.map(({ etag }) => etag))
      : undefined;
    const terms = { metadata, replaces: task.replaces, signal };
    const mark = await putOnTerms(destination.bucket, key, terms, expected, async (terms) =>
      writer.complete(upload, list, terms),
    );
    state.endUpload(task.key);
    if ((partCountOf(mark) ?? list.length) !== list.length)
      throw new SyncError("CORRUPT", "the server completed it of other parts");
    return mark;
  } catch (thrown) {
    // What is no longer known there, or of content that is no more, is of no use to another run.
    if (isGoneOrChanged(thrown)) {
      await writer.abandon(upload, { signal }).catch(() => {});
      state.endUpload(task.key);
    }
    throw thrown;
  }
}

/** The metadata of the source, and its MD5 where the ETag of what is written will not be that. */
async function metadataFor(object: KnownObject, work: Work): Promise<ObjectMetadata> {
  const metadata = await keptMetadata(object, work);
  const { md5 } = object.facts;
  return md5 === undefined ? metadata : withMd5(metadata, md5);
}

async function choosePartBytes(
  object: KnownObject,
  { destination, signal }: Work,
  way: "provider" | "through here",
): Promise<number> {
  const { leastPartBytes, mostPartBytes, partCount } = destination.bucket.parts.limits;
  const taken = await partBytesOf(object, signal);
  const mostTaken = way === "provider" ? mostPartBytes : partPlanLimits.takenPartBytes;
  const { sizeBytes } = object.facts;
  const isAllowed =
    taken !== undefined && (taken >= leastPartBytes || taken >= sizeBytes) && taken <= mostTaken;
  if (isAllowed) return taken;
  const usual = way === "provider" ? mostPartBytes / 8 : partPlanLimits.usualPartBytes;
  return Math.max(usual, Math.ceil(sizeBytes / partCount));
}

function planParts(sizeBytes: number, partBytes: number): readonly PlannedPart[] {
  const count = Math.max(1, Math.ceil(sizeBytes / partBytes));
  return Array.from({ length: count }, (_, at) => ({
    number: at + 1,
    offset: at * partBytes,
    length: Math.min(partBytes, sizeBytes - at * partBytes),
  }));
}
