import { SyncError } from "../../errors.ts";
import { equalBytes } from "../../bytes/compare.ts";
import { etagOfContent } from "../content-digest.node.ts";
import { isMd5 } from "../etag.ts";
import type { Random } from "../random.ts";
import { haveSameContent, type KnownObject, partBytesOf } from "../sync/same-content.node.ts";
import type { SyncSide } from "../sync/job.ts";

/** How objects are checked. */
export const checkLimits = Object.freeze({
  /** Bytes of an object from which on only ranges of it are read. */
  rangedBytes: 67_108_864,
  /** Ranges that are read of one, and the bytes of each. */
  rangeCount: 8,
  rangeBytes: 1_048_576,
});

/** What was found of an object. */
export type Finding =
  | { readonly type: "equal"; readonly readBytes: number }
  | { readonly type: "different"; readonly reason: string }
  | { readonly type: "vanished" };

/**
 * Compares one object of both sides: by what providers keep, and then by reading the copy, which
 * has to be what the source's ETag says, or what is read of the source. Memory is bounded.
 */
export async function checkObject(
  source: SyncSide,
  destination: SyncSide,
  key: string,
  random: Random,
  signal: AbortSignal,
): Promise<Finding> {
  const from = { bucket: source.bucket, key: source.prefix + key };
  const to = { bucket: destination.bucket, key: destination.prefix + key };
  const [left, right] = await Promise.all([
    from.bucket.head(from.key, { signal }),
    to.bucket.head(to.key, { signal }),
  ]);
  if (!left) return { type: "vanished" };
  if (!right) return { type: "different", reason: "the destination does not have it" };
  const when = left.writtenMs > right.writtenMs ? "; the source was written later" : "";
  if (left.sizeBytes !== right.sizeBytes)
    return { type: "different", reason: `${left.sizeBytes} bytes here and ${right.sizeBytes} there${when}` };
  const [original, copy] = [
    { ...from, facts: left },
    { ...to, facts: right },
  ];
  const isLong = left.sizeBytes > checkLimits.rangedBytes;
  if ((await toldBy(original, copy, isLong, signal)) === false)
    return { type: "different", reason: `the checksums differ${when}` };
  const isSame = await (isLong
    ? compareRanges(original, copy, random, signal)
    : compareAll(original, copy, signal));
  if (!isSame) return { type: "different", reason: `the contents differ${when}` };
  const { rangeCount, rangeBytes } = checkLimits;
  return { type: "equal", readBytes: isLong ? rangeCount * rangeBytes : left.sizeBytes };
}

/**
 * What the digests tell that both sides keep. Files have none: a long one is read for that of the
 * other side, and two are read later, as far as they are.
 */
async function toldBy(
  original: KnownObject,
  copy: KnownObject,
  isLong: boolean,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const fileCount = [original, copy].filter(({ facts }) => facts.etag === undefined).length;
  const isReadLater = fileCount === 2 || (fileCount === 1 && !isLong);
  return isReadLater ? undefined : haveSameContent(original, copy, signal);
}

async function compareAll(original: KnownObject, copy: KnownObject, signal: AbortSignal): Promise<boolean> {
  const { etag, md5 } = original.facts;
  const partBytes = md5 === undefined ? await partBytesOf(original, signal) : undefined;
  const wanted = md5 ?? (partBytes === undefined ? undefined : etag);
  const form = partBytes === undefined ? {} : { partBytes };
  const read = async ({ bucket, key, facts: { sizeBytes, mark } }: KnownObject): Promise<string> => {
    const made = await etagOfContent(bucket, key, { sizeBytes, mark, ...form }, signal);
    if (made === undefined) throw new SyncError("CHANGED", "it was changed while it was checked");
    return made;
  };
  // An ETag that is of the form of an MD5 is none where the provider encrypts: then both are read.
  const expected =
    wanted !== undefined && (md5 !== undefined || !isMd5(wanted)) ? wanted : await read(original);
  return (await read(copy)) === expected;
}

async function compareRanges(
  original: KnownObject,
  copy: KnownObject,
  random: Random,
  signal: AbortSignal,
): Promise<boolean> {
  const { rangeBytes: length, rangeCount } = checkLimits;
  for (let i = 0; i < rangeCount; i++) {
    const offset = Math.floor(random() * (original.facts.sizeBytes - length + 1));
    const [left, right] = await Promise.all(
      [original, copy].map(async ({ bucket, key, facts: { mark } }) =>
        bucket.read(key, { range: { offset, length }, ifMark: mark, signal }),
      ),
    );
    if (!left || !right) throw new SyncError("CHANGED", "it was changed while it was checked");
    if (!equalBytes(left.bytes, right.bytes)) return false;
  }
  return true;
}
