import type { ObjectBucket } from "../bucket/object-bucket.ts";
import { concatBytes, equalBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { makeIndex, type MakeIndexOptions } from "./make-index.ts";
import { PruneMark } from "./prune-mark.ts";
import { type Version, type VersionKind, Versions } from "./versions.ts";

/** Times that all is looked at anew because others pruned meanwhile. */
const attemptCount = 10;

/** Where versions are kept. */
export interface VersionPlace {
  readonly bucket: ObjectBucket;
  /** Nothing, or with a slash at its end. */
  readonly prefix: string;
}

/**
 * Keeps content as a new version: chunks that the store lacks, and the index of all. When others
 * pruned the store meanwhile, what they may have removed is looked for anew, so that a version has
 * all of its chunks.
 *
 * @param read reads the content from its beginning, each time that it is called
 * @throws CHANGED when that is not the same again
 */
export async function pushVersion(
  { bucket, prefix }: VersionPlace,
  { name, kind }: { readonly name: string; readonly kind: VersionKind },
  read: () => AsyncIterable<Bytes>,
  options: MakeIndexOptions,
): Promise<Version> {
  const { signal } = options;
  const asked = signal && { signal };
  const [versions, mark] = [new Versions(bucket, prefix), new PruneMark(bucket, prefix)];
  let before = await mark.settled(asked);
  const index = await gather(makeIndex(read(), options));
  const begun = await versions.begin(name, kind, index, asked);
  for (let attempt = 1; ; attempt++) {
    const after = await mark.settled(asked);
    if (after === before) return versions.settle(begun, index, asked);
    if (attempt >= attemptCount) throw new SyncError("LOCKED", "others prune this store again and again");
    before = after;
    const again = await gather(makeIndex(read(), options));
    if (!equalBytes(again, index))
      throw new SyncError("CHANGED", "the content changed while it was pushed, and others pruned the store");
  }
}

async function gather(parts: AsyncIterable<Bytes>): Promise<Bytes> {
  const all: Bytes[] = [];
  for await (const part of parts) all.push(part);
  return concatBytes(all);
}
