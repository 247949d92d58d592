import { type BlobSeed, openSeed } from "../../casync/blob-seed.node.ts";
import { type IndexHeader, digestOfIndex } from "../../casync/index-header.ts";
import { makeIndex } from "../../casync/make-index.ts";
import { readIndex } from "../../casync/index-reader.ts";
import type { AbortOptions } from "../../types.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { openIndex } from "./index-file.ts";

/**
 * Opens a seed: `INDEX` with the blob beside it, `INDEX:BLOB`, or a blob alone, which is then cut
 * as the index that is extracted says.
 *
 * @throws NOT_FOUND, IO, and what the index throws
 */
export async function openSeedAt(
  place: string,
  header: IndexHeader,
  options: AbortOptions,
): Promise<BlobSeed> {
  const [, index, blob] = /^(.*\.caibx):(.+)$/.exec(place) ?? [];
  if (index !== undefined) return openSeed(blob!, await openIndex(index, options));
  if (place.endsWith(".caibx"))
    return openSeed(place.slice(0, -".caibx".length), await openIndex(place, options));
  return cutSeed(place, header, options);
}

/** A blob as a seed that is cut anew. */
export async function cutSeed(path: string, header: IndexHeader, options: AbortOptions): Promise<BlobSeed> {
  const made = makeIndex(readFileBlocks(path, { ...options, lends: true }), {
    ...options,
    sizes: header.sizes,
    digest: digestOfIndex(header),
  });
  return openSeed(path, await readIndex(made));
}
