import { SyncError } from "../errors.ts";
import { compareKeys } from "./key-order.ts";
import type { KeyRange, ListedObject, ObjectVersion } from "./object-bucket.ts";

/** Bounds of what a provider may list. */
export const listingLimits = Object.freeze({
  /** Pages in a row that have nothing, after which a listing is given up. */
  emptyPageCount: 1000,
  /** Bytes of one object, as S3 has them at most, a thousand times over. */
  objectBytes: 5_497_558_138_880_000,
});

/** Half of a character: no request can name such a key. */
const halfPair = /\p{Surrogate}/u;

/**
 * The pages of a listing, which end with the range, and in which every key follows the one before
 * it: what decides over deletions must be a listing indeed.
 *
 * @throws UPSTREAM for keys that repeat, are out of order, of another range or no text, for sizes
 *   that are none, and for a row of pages without anything
 */
export async function* orderedPages(
  { prefix, after, upTo }: KeyRange,
  pages: AsyncIterable<readonly ListedObject[]>,
): AsyncGenerator<readonly ListedObject[]> {
  let last = after;
  let emptyCount = 0;
  for await (const page of pages) {
    emptyCount = page.length === 0 ? emptyCount + 1 : 0;
    if (emptyCount > listingLimits.emptyPageCount) throw wrong("has page after page without anything");
    for (const { key, sizeBytes } of page) {
      if (last !== undefined && compareKeys(key, last) <= 0)
        throw wrong("repeats keys or has them out of order", key);
      if (halfPair.test(key)) throw wrong("has a key that is no text");
      if (!key.startsWith(prefix)) throw wrong("has keys that were not asked for", key);
      if (!(sizeBytes >= 0 && sizeBytes <= listingLimits.objectBytes))
        throw wrong("has a size that is none", key);
      last = key;
    }
    const beyond = upTo === undefined ? -1 : page.findIndex(({ key }) => compareKeys(key, upTo) > 0);
    yield beyond < 0 ? page : page.slice(0, beyond);
    if (beyond >= 0) return;
  }
}

/**
 * The pages of a listing of versions, which comes to an end: its keys follow each other, and no
 * page comes again. One of them is remembered at a time, the last whose number is a power of two.
 *
 * @throws UPSTREAM for a listing that goes back or round in a circle
 */
export async function* orderedVersions(
  pages: AsyncIterable<readonly ObjectVersion[]>,
): AsyncGenerator<readonly ObjectVersion[]> {
  let last: ObjectVersion | undefined;
  let remembered: ObjectVersion | undefined;
  let [pageCount, emptyCount] = [0, 0];
  for await (const page of pages) {
    const first = page[0];
    emptyCount = first ? 0 : emptyCount + 1;
    if (emptyCount > listingLimits.emptyPageCount) throw wrong("has page after page without anything");
    if (first && last && compareKeys(first.key, last.key) < 0) throw wrong("goes back", first.key);
    if (first && first.key === remembered?.key && first.id === remembered.id)
      throw wrong("repeats a page", first.key);
    pageCount++;
    if ((pageCount & (pageCount - 1)) === 0) remembered = first;
    last = page.at(-1) ?? last;
    yield page;
  }
}

function wrong(what: string, path?: string): SyncError {
  return new SyncError("UPSTREAM", `the listing ${what}`, { detail: path === undefined ? {} : { path } });
}
