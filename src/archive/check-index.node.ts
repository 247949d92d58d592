import { Draw } from "../bucket/draw.ts";
import { seededRandom } from "../bucket/random.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import type { TreeSource } from "../tree/source.ts";
import { ContentReader, type ReadingOptions } from "./content-reader.node.ts";
import { comparerOf, type EntryPair, pairEntries } from "./differences.node.ts";
import { type ListedEntry, listTree, type ListTreeOptions } from "./list-tree.node.ts";
import { isInRange, type PathRange } from "./parts.node.ts";
import { type IndexedEntry, orderKeyOf, type TreeIndex } from "./tree-index.node.ts";

/** How a tree is compared with an index of it. */
export interface CheckIndexOptions extends ListTreeOptions, ReadingOptions {
  /** Reads so many files that are drawn at random; all unless given. */
  readonly sampleCount?: number | undefined;
  /** The same seed draws the same files of the same index. */
  readonly seed?: string | undefined;
  /** Reads only files whose time in the index is not before this one, in seconds since 1970. */
  readonly sinceSec?: number | undefined;
  /** Compares only these paths. */
  readonly range?: PathRange | undefined;
  /** Goes on behind this path. */
  readonly after?: string | undefined;
  /** Called for each path that is not as the index has it. */
  readonly onDifference?: (difference: TreeChange) => void;
  readonly onProgress?: (progress: CheckProgress) => void;
}

/** How far a check is. */
export interface CheckProgress {
  readonly entries: number;
  /** Files that were to be read, and those of them that are missing or have other content. */
  readonly checkedFiles: number;
  readonly damagedFiles: number;
  readonly readBytes: number;
  /** The last path that was compared, and all before it were. */
  readonly after: string | undefined;
}

type Pair<File> = EntryPair<ListedEntry<File>>;

/**
 * Compares a tree with an index of it: paths, kinds, sizes, times, modes, and content where the
 * index has digests.
 *
 * @throws CORRUPT for a damaged index, the signal's reason
 */
export async function checkIndex<File>(
  source: TreeSource<File>,
  index: TreeIndex,
  options: CheckIndexOptions = {},
): Promise<CheckProgress> {
  const { after, onDifference, onProgress, range = {} } = options;
  const { digest } = index.facts;
  const reader = digest === undefined ? undefined : new ContentReader(source, digest, options);
  const compare = comparerOf(index.facts, { digest, isOfFiles: false });
  const isChosen = await chooseFiles(index, options);
  const afterKey = after === undefined ? "" : orderKeyOf(after);
  let progress: CheckProgress = { entries: 0, checkedFiles: 0, damagedFiles: 0, readBytes: 0, after };
  for await (const all of pairEntries(index.entries(options), listTree(source, options))) {
    const pairs = all.filter((pair) => {
      const { path } = oneOf(pair);
      return orderKeyOf(path) > afterKey && isInRange(path, range);
    });
    const wanted = pairs.flatMap(({ expected, found }) =>
      found !== undefined && isReadable(expected, found) && isChosen(expected) ? found : [],
    );
    const read = (await reader?.read(wanted)) ?? new Map<File, IndexedEntry>();
    let { checkedFiles, damagedFiles } = progress;
    for (const { expected, found } of pairs) {
      const content = found && read.get(found.file);
      const difference = compare({ expected, found: content ?? found });
      const isDamaged = difference?.change === "new" || difference?.change === "changed";
      if (isChosen(expected) && (content !== undefined || isDamaged)) {
        checkedFiles += 1;
        if (isDamaged) damagedFiles += 1;
      }
      if (difference) onDifference?.(difference);
    }
    const last = pairs.at(-1);
    progress = {
      entries: progress.entries + pairs.length,
      checkedFiles,
      damagedFiles,
      readBytes: reader?.readBytes ?? 0,
      after: last ? oneOf(last).path : progress.after,
    };
    onProgress?.(progress);
  }
  return progress;
}

function oneOf<File>({ expected, found }: Pair<File>): IndexedEntry {
  return (expected ?? found)!;
}

/** True for what can be compared by its content, and is not known to differ. */
function isReadable<File>(expected: IndexedEntry | undefined, found: ListedEntry<File>): boolean {
  return expected?.kind === "file" && found.kind === "file" && expected.size === found.size;
}

/** Says which files of an index are read: those that were drawn, or all that may be. */
async function chooseFiles(
  index: TreeIndex,
  { range = {}, sampleCount, seed = "", signal, sinceSec = Number.NEGATIVE_INFINITY }: CheckIndexOptions,
): Promise<(entry: IndexedEntry | undefined) => boolean> {
  const mayBe = (entry: IndexedEntry | undefined): boolean =>
    entry?.digest !== undefined && (entry.mtimeSec ?? Number.POSITIVE_INFINITY) >= sinceSec;
  if (sampleCount === undefined) return mayBe;
  const draw = new Draw<string>(sampleCount, seededRandom(seed));
  for await (const batch of index.entries({ ...(signal && { signal }) }))
    for (const entry of batch) if (mayBe(entry) && isInRange(entry.path, range)) draw.offer(() => entry.path);
  const drawn = new Set(draw.drawn.map(({ item }) => item));
  return (entry) => entry !== undefined && drawn.has(entry.path);
}
