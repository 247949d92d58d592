import { compareKeys } from "../key-order.ts";
import { splitKeys } from "./split-keys.ts";
import type { SyncSide } from "./job.ts";
import { type KeyPair, mergeListings } from "./merge-listings.ts";

/** How many places a listing is read at. */
export const rangeLimits = Object.freeze({
  /** Ranges of keys that are listed at a time. */
  listedRangeCount: 4,
  /** Pages of a range, after which its end is listed by itself: to find that takes requests. */
  splitPageCount: 32,
});

/** Keys that are not listed yet: those behind one, up to and with another. */
export interface UnlistedKeys {
  readonly after?: string;
  readonly upTo?: string;
}

/** A range that is being listed. Its end may come nearer. */
interface ListedRange {
  after: string | undefined;
  upTo: string | undefined;
  pageCount: number;
  /** How many more objects the source has in it than the destination. */
  lead: number;
  isSplitting: boolean;
}

/** Who hears of what is listed. */
export interface ListingWatch {
  readonly onPage: (pairs: readonly KeyPair[]) => void;
  /** Called after each page with what tells how much is left to list. */
  readonly onStep: (left: () => readonly UnlistedKeys[]) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists both sides, at several places at a time where that is quicker: what is left of a range
 * that takes its time is divided.
 *
 * @returns when nothing is left of the ranges
 * @throws what a listing throws, once none is under way
 */
export async function listRanges(
  source: SyncSide,
  destination: SyncSide,
  unlisted: readonly UnlistedKeys[],
  { onPage, onStep, signal }: ListingWatch,
): Promise<void> {
  const open = new Set<ListedRange>();
  const waiting = unlisted.map(rangeOf);
  const stop = new AbortController();
  const all = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const listsRanges = source.bucket.listsRanges && destination.bucket.listsRanges;
  const left = (): readonly UnlistedKeys[] => [...open, ...waiting].map(unlistedOf);

  async function list(range: ListedRange): Promise<void> {
    for await (const page of mergeListings(source, destination, unlistedOf(range), all)) {
      all.throwIfAborted();
      const { upTo } = range;
      const end = upTo === undefined ? -1 : page.findIndex(({ key }) => compareKeys(key, upTo) > 0);
      const pairs = end < 0 ? page : page.slice(0, end);
      onPage(pairs);
      for (const pair of pairs) range.lead += (pair.source ? 1 : 0) - (pair.destination ? 1 : 0);
      range.after = pairs.at(-1)?.key ?? range.after;
      if (end >= 0) break;
      onStep(left);
      if (++range.pageCount % rangeLimits.splitPageCount === 0 && mayOpen()) void divide(range);
    }
    open.delete(range);
    onStep(left);
  }

  function mayOpen(): boolean {
    return listsRanges && open.size + waiting.length < rangeLimits.listedRangeCount;
  }

  /** Leaves the end of a range to another listing, when a place for that is found in time. */
  async function divide(range: ListedRange): Promise<void> {
    if (range.isSplitting) return;
    range.isSplitting = true;
    const side = range.lead >= 0 ? source : destination;
    // What keeps it from being divided is met by the listing itself, too.
    const at = await splitKeys(side, unlistedOf(range), all).catch(() => undefined);
    range.isSplitting = false;
    if (at === undefined || all.aborted || !open.has(range) || !mayOpen()) return;
    if (range.after !== undefined && compareKeys(at, range.after) <= 0) return;
    waiting.push(rangeOf({ after: at, ...(range.upTo !== undefined && { upTo: range.upTo }) }));
    range.upTo = at;
    begin();
  }

  const running = new Set<Promise<void>>();
  let failure: { readonly thrown: unknown } | undefined;

  function begin(): void {
    while (!failure && waiting.length > 0 && open.size < rangeLimits.listedRangeCount) {
      const range = waiting.shift()!;
      open.add(range);
      const one = list(range)
        .catch((thrown: unknown) => {
          failure ??= { thrown };
          stop.abort(thrown);
        })
        .finally(() => {
          running.delete(one);
          begin();
        });
      running.add(one);
    }
  }

  begin();
  while (running.size > 0) await Promise.all(running);
  stop.abort(); // a place to divide a range may be looked for still
  if (failure) throw failure.thrown;
}

function rangeOf({ after, upTo }: UnlistedKeys): ListedRange {
  return { after, upTo, pageCount: 0, lead: 0, isSplitting: false };
}

function unlistedOf({ after, upTo }: Pick<ListedRange, "after" | "upTo">): UnlistedKeys {
  return { ...(after !== undefined && { after }), ...(upTo !== undefined && { upTo }) };
}
