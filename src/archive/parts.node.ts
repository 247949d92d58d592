import { SyncError } from "../errors.ts";
import { listingLimits } from "./listing-limits.ts";
import { type IndexedEntry, orderKeyOf } from "./tree-index.node.ts";

/** One of several parts of a tree. */
export interface Part {
  /** From 1 on. */
  readonly number: number;
  readonly count: number;
}

/** Paths that follow each other in canonical order, told by their order keys. */
export interface PathRange {
  /** The first of them; from the very first on unless given. */
  readonly from?: string;
  /** The first behind them; none unless given. */
  readonly before?: string;
}

/** Reads `2/5`. @throws USAGE */
export function parsePart(text: string): Part {
  const [, number, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const part = { number: Number(number), count: Number(count) };
  if (part.number >= 1 && part.number <= part.count && part.count <= listingLimits.treePartCount) return part;
  throw new SyncError("USAGE", `--part takes such as 2/5, not "${text}"`);
}

/** What is counted before a tree is cut into parts. */
export type PartTotals = { readonly files: number; readonly bytes: number };

/**
 * The paths of a part of a tree, all parts of about as many bytes. Each path of the tree, or of
 * another one, belongs to one part exactly; what the parts are depends on the entries alone.
 *
 * @param totals what all entries come to
 */
export async function rangeOfPart(
  entries: AsyncIterable<readonly IndexedEntry[]>,
  { files, bytes }: PartTotals,
  { number, count }: Part,
): Promise<PathRange> {
  // A file counts a byte more than it has, so that empty ones are shared, too.
  const total = files + bytes;
  const bounds: (string | undefined)[] = [undefined, undefined];
  let next = number === 1 ? 1 : 0;
  let weight = 0;
  for await (const batch of entries) {
    for (const { kind, path, size } of batch) {
      if (kind !== "file") continue;
      const middle = weight + (size + 1) / 2;
      weight += size + 1;
      for (; next < 2 && middle * count >= total * (number - 1 + next); next++)
        bounds[next] = orderKeyOf(path);
    }
    if (next === 2) break;
  }
  const [from, before] = bounds;
  const isLast = number === count;
  // A part that no file begins in has no paths, unless it is the first or the last.
  const end = behindAll;
  return {
    ...(number > 1 && { from: from ?? end }),
    ...(!isLast && { before: before ?? end }),
  };
}

/** A key behind that of every path: no name begins with it in bytes, for none is empty. */
const behindAll = "\u00ff".repeat(256);

/** Where a path is: before a range, in it, or behind it. */
export function isInRange(path: string, { from, before }: PathRange): boolean {
  const key = orderKeyOf(path);
  return (from === undefined || key >= from) && (before === undefined || key < before);
}
