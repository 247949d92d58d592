import type { ChangedFact, TreeChange } from "../tree/entry/entry.ts";
import { EntryCursor } from "./entry-cursor.node.ts";
import { type IndexedEntry, type IndexFacts, orderKeyOf, type TreeIndex } from "./tree-index.node.ts";
import type { AbortOptions } from "../types.ts";

/** Two entries of one path, or one that the other tree lacks. */
export interface EntryPair<Found extends IndexedEntry = IndexedEntry> {
  /** As it should be. */
  readonly expected: IndexedEntry | undefined;
  /** As it is. */
  readonly found: Found | undefined;
}

/** Goes through two trees side by side: every path of either, in canonical order. */
export async function* pairEntries<Found extends IndexedEntry>(
  expected: AsyncIterable<readonly IndexedEntry[]>,
  found: AsyncIterable<readonly Found[]>,
): AsyncGenerator<readonly EntryPair<Found>[]> {
  const cursor = new EntryCursor(expected);
  try {
    for await (const batch of found) {
      const pairs: EntryPair<Found>[] = [];
      for (const entry of batch) {
        const key = orderKeyOf(entry.path);
        let at = cursor.here ?? (await cursor.current());
        for (; at && orderKeyOf(at.path) < key; at = cursor.here ?? (await cursor.current())) {
          pairs.push({ expected: at, found: undefined });
          cursor.advance();
        }
        const isSame = at?.path === entry.path;
        pairs.push({ expected: isSame ? at : undefined, found: entry });
        if (isSame) cursor.advance();
      }
      yield pairs;
    }
    for (let at = await cursor.current(); at; at = cursor.here ?? (await cursor.current())) {
      yield [{ expected: at, found: undefined }];
      cursor.advance();
    }
  } finally {
    await cursor.close();
  }
}

/** Compares two indexes. Yields what would have to change for the first to be as the second is. */
export async function* diffIndexes(
  first: TreeIndex,
  second: TreeIndex,
  options: AbortOptions = {},
): AsyncGenerator<TreeChange> {
  const compare = comparerOf(second.facts, first.facts);
  for await (const pairs of pairEntries(second.entries(options), first.entries(options)))
    for (const pair of pairs) {
      const change = compare(pair);
      if (change) yield change;
    }
}

/** True where the digests of two indexes are of one kind, so that they tell content apart. */
export function sameDigest(one: IndexFacts, other: IndexFacts): boolean {
  return one.digest !== undefined && one.digest === other.digest;
}

/**
 * Compares the two entries of a path, in all that both indexes know: returns what would have to
 * change for it to be as it should be.
 */
export function comparerOf(
  expected: IndexFacts,
  found: IndexFacts,
): (pair: EntryPair) => TreeChange | undefined {
  const isOfFiles = expected.isOfFiles || found.isOfFiles;
  const isComparable = sameDigest(expected, found);
  return (pair) => {
    const { path, kind, size } = (pair.expected ?? pair.found)!;
    if (pair.expected && pair.found) return changeOf(pair.expected, pair.found, isComparable);
    if (isOfFiles && kind !== "file") return undefined;
    return { change: pair.found ? "deleted" : "new", path, kind, size: pair.found ? 0 : size, differs: [] };
  };
}

function changeOf(
  expected: IndexedEntry,
  found: IndexedEntry,
  isComparable: boolean,
): TreeChange | undefined {
  const differs = differingFacts(expected, found, isComparable);
  if (differs.length === 0) return undefined;
  const isContent = differs.some((fact) => fact === "kind" || fact === "content" || fact === "size");
  const { path, kind, size } = expected;
  return { change: isContent ? "changed" : "touched", path, kind, size, differs };
}

/** How one entry differs from another, in all that both know. */
function differingFacts(one: IndexedEntry, other: IndexedEntry, isComparable: boolean): ChangedFact[] {
  if (one.kind !== other.kind) return ["kind"];
  const facts: ChangedFact[] = [];
  const isOther = (a: unknown, b: unknown): boolean => a !== undefined && b !== undefined && a !== b;
  const isOtherContent = isComparable && isOther(one.digest, other.digest);
  if (one.size !== other.size || isOtherContent || isOther(one.target, other.target)) facts.push("content");
  if (one.size !== other.size) facts.push("size");
  if (one.kind !== "symlink" && isOther(one.mode, other.mode)) facts.push("mode");
  if (isOther(one.mtimeSec, other.mtimeSec) || isOther(one.mtimeNsec, other.mtimeNsec)) facts.push("time");
  return facts;
}
