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

/** A key behind that of every path: no name is so long. */
const behindAll = "\u00ff".repeat(256);

/**
 * Cuts a tree into parts of about as many bytes. Each path of the tree, or of another one, belongs
 * to one part exactly; what the parts are depends on the entries alone.
 *
 * @param totals what all entries come to
 * @returns the order keys at which the second part begins, the third, and so on
 */
export async function cutParts(
  entries: AsyncIterable<readonly IndexedEntry[]>,
  { files, bytes }: PartTotals,
  count: number,
): Promise<readonly string[]> {
  // A file counts a byte more than it has, so that empty ones are shared, too.
  const total = files + bytes;
  const bounds: string[] = [];
  let weight = 0;
  for await (const batch of entries)
    for (const { kind, path, size } of batch) {
      if (kind !== "file") continue;
      const middle = weight + (size + 1) / 2;
      weight += size + 1;
      while (bounds.length < count - 1 && middle * count >= total * (bounds.length + 1))
        bounds.push(orderKeyOf(path));
    }
  // Parts in which no file is have no paths, but for the first.
  while (bounds.length < count - 1) bounds.push(behindAll);
  return bounds;
}

/**
 * Into how many parts a tree is cut that hosts share: what is done again when one of them dies, and
 * takes a session for each.
 */
export function sharedPartCountOf({ files, bytes }: PartTotals): number {
  const { sharedPartCount, sharedPartBytes, sharedPartFileCount } = listingLimits;
  const wanted = Math.ceil(Math.max(bytes / sharedPartBytes, files / sharedPartFileCount));
  return Math.max(1, Math.min(sharedPartCount, wanted));
}

/** The bounds of the parts in which there are files, and of the first one. */
export function withoutEmptyParts(bounds: readonly string[]): readonly string[] {
  return [...new Set(bounds)].filter((bound) => bound !== behindAll);
}

/** The paths of a part. @param bounds what `cutParts` returned */
export function rangeOf(bounds: readonly string[], number: number): PathRange {
  const [from, before] = [bounds[number - 2], bounds[number - 1]];
  return { ...(from !== undefined && { from }), ...(before !== undefined && { before }) };
}

/** True for a path that is in a range. */
export function isInRange(path: string, { from, before }: PathRange): boolean {
  const key = orderKeyOf(path);
  return (from === undefined || key >= from) && (before === undefined || key < before);
}
