import { SyncError } from "../errors.ts";
import { cutLimits, type FileRange } from "../tree/order/file-range.ts";
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
  throw new SyncError(
    "USAGE",
    `--part takes I/N such as 2/5, I from 1 to N, N at most ${listingLimits.treePartCount}, not "${text}"`,
  );
}

/** What is counted before a tree is cut into parts. */
export type PartTotals = { readonly files: number; readonly bytes: number };

/** A key behind that of every path: no name is so long. */
const behindAll = "\u00ff".repeat(256);

/** Where a part of a tree begins: at a path, or inside the file that it is. */
export interface PartBound {
  /** The order key of the path. */
  readonly key: string;
  /** The file that is cut there. */
  readonly cut?: CutFile;
}

/** Where a file is cut. */
interface CutFile {
  /** Bytes of it that belong to the parts before. */
  readonly offset: number;
  readonly fileBytes: number;
}

/** A range of one file, which belongs to a part. */
export interface PartOfFile {
  /** The paths in which the file is the only one. */
  readonly range: PathRange;
  readonly fileRange: FileRange;
}

/**
 * Cuts a tree into parts of about as many bytes. Each path of the tree, or of another one, belongs
 * to one part exactly, but for long files that are cut; what the parts are depends on the entries
 * alone.
 *
 * @param totals what all entries come to
 * @param cutsFiles true to cut long files into ranges
 * @returns where the second part begins, the third, and so on
 */
export async function cutParts(
  entries: AsyncIterable<readonly IndexedEntry[]>,
  { files, bytes }: PartTotals,
  count: number,
  cutsFiles = false,
): Promise<readonly PartBound[]> {
  // A file counts a byte more than it has, so that empty ones are shared, too.
  const total = files + bytes;
  const bounds: PartBound[] = [];
  const nextStart = (): number =>
    bounds.length < count - 1 ? (total * (bounds.length + 1)) / count : Infinity;
  let weight = 0;
  for await (const batch of entries)
    for (const { kind, path, size } of batch) {
      if (kind !== "file") continue;
      const key = orderKeyOf(path);
      const end = weight + size + 1;
      const isCut = cutsFiles && size >= cutLimits.cutFileBytes;
      if (isCut) while (nextStart() < end) bounds.push(boundIn(key, size, nextStart() - weight));
      else while (weight + (size + 1) / 2 >= nextStart()) bounds.push({ key });
      weight = end;
    }
  // Parts in which no file is have no paths, but for the first.
  while (bounds.length < count - 1) bounds.push({ key: behindAll });
  return bounds;
}

/** The bound nearest to a byte of a file; one before the file is where that begins. */
function boundIn(key: string, fileBytes: number, at: number): PartBound {
  const { rangeStepBytes } = cutLimits;
  const offset = Math.max(0, Math.round(at / rangeStepBytes) * rangeStepBytes);
  if (offset >= fileBytes) return { key: behind(key) };
  return offset === 0 ? { key } : { key, cut: { offset, fileBytes } };
}

/** The first key behind that of a file. */
function behind(key: string): string {
  return `${key}\0`;
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
export function withoutEmptyParts(bounds: readonly PartBound[]): readonly PartBound[] {
  return bounds.filter(
    ({ key, cut }, at) =>
      key !== behindAll && !(key === bounds[at - 1]?.key && cut?.offset === bounds[at - 1]?.cut?.offset),
  );
}

/** The paths that belong whole to a part. @param bounds what `cutParts` returned */
export function rangeOf(bounds: readonly PartBound[], number: number): PathRange {
  const [start, end] = [bounds[number - 2], bounds[number - 1]];
  return {
    ...(start && { from: start.cut ? behind(start.key) : start.key }),
    ...(end && { before: end.key }),
  };
}

/** The ranges of files that belong to a part: what it begins with, and what it ends with. */
export function fileRangesOf(bounds: readonly PartBound[], number: number): readonly PartOfFile[] {
  const [start, end] = [bounds[number - 2], bounds[number - 1]];
  const parts: PartOfFile[] = [];
  const add = (key: string, { fileBytes }: CutFile, offset: number, to: number): void =>
    void parts.push({ range: onlyAt(key), fileRange: { offset, size: to - offset, fileBytes } });
  const isOneFile = start?.cut && end?.cut && start.key === end.key;
  if (isOneFile) add(start.key, start.cut!, start.cut!.offset, end.cut!.offset);
  else {
    if (start?.cut) add(start.key, start.cut, start.cut.offset, start.cut.fileBytes);
    if (end?.cut) add(end.key, end.cut, 0, end.cut.offset);
  }
  return parts;
}

/** The same as that which completes the file. */
export function completing({ range, fileRange: { fileBytes } }: PartOfFile): PartOfFile {
  return { range, fileRange: { offset: 0, size: fileBytes, fileBytes } };
}

function onlyAt(key: string): PathRange {
  return { from: key, before: behind(key) };
}

/** True for a range in which no path can be. */
export function isEmptyRange({ from, before }: PathRange): boolean {
  return from !== undefined && before !== undefined && from >= before;
}

/** True for a path that is in a range. */
export function isInRange(path: string, { from, before }: PathRange): boolean {
  const key = orderKeyOf(path);
  return (from === undefined || key >= from) && (before === undefined || key < before);
}
