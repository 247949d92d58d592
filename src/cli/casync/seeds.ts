import { type BlobSeed, openSeed, openUncutSeed } from "../../casync/blob-seed.node.ts";
import type { IndexHeader } from "../../casync/index-header.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { AbortOptions } from "../../types.ts";
import { openIndex } from "./index-file.ts";

/**
 * Opens what `--seed` names: `INDEX` with the blob beside it, `INDEX:BLOB`, or a blob alone, which
 * is then cut as the index that is extracted says.
 *
 * @throws NOT_FOUND, IO, and what the index throws
 */
export async function openSeedAt(
  place: string,
  header: IndexHeader,
  options: AbortOptions,
): Promise<BlobSeed> {
  try {
    return await openPlace(place, header, options);
  } catch (thrown) {
    if (!isSyncError(thrown)) throw thrown;
    throw new SyncError(thrown.code, `--seed: ${thrown.message}`, { cause: thrown, detail: thrown.detail });
  }
}

async function openPlace(place: string, header: IndexHeader, options: AbortOptions): Promise<BlobSeed> {
  const [, index, blob] = /^(.*\.caibx):(.+)$/.exec(place) ?? [];
  if (index !== undefined) return openSeed(blob!, await openIndex(index, options));
  if (place.endsWith(".caibx"))
    return openSeed(place.slice(0, -".caibx".length), await openIndex(place, options));
  return openUncutSeed(place, header, options);
}

/** Closes all of them. */
export async function closeSeeds(seeds: readonly BlobSeed[]): Promise<void> {
  await Promise.all(seeds.map((seed) => seed.close()));
}
