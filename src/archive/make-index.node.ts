import type { TreeSource } from "../tree/source.ts";
import { ContentReader, type ReadingOptions } from "./content-reader.node.ts";
import { EntryCursor } from "./entry-cursor.node.ts";
import { type ListedEntry, listTree, type ListTreeOptions } from "./list-tree.node.ts";
import type { IndexedEntry, IndexTotals, IndexWriter, TreeIndex } from "./tree-index.node.ts";

/** How an index is made. */
export interface MakeIndexOptions extends ListTreeOptions, ReadingOptions {
  /** By what digest files are named, one of `digestNames`; by none unless given. */
  readonly digest?: string | undefined;
  /** An earlier index of the tree: what has the same size and time keeps its digest. */
  readonly earlier?: TreeIndex | undefined;
  readonly onProgress?: (progress: IndexProgress) => void;
}

/** How far an index is. */
export interface IndexProgress {
  readonly entries: number;
  readonly files: number;
  /** Content of the files so far, read or known. */
  readonly doneBytes: number;
  /** Content that was read. */
  readonly readBytes: number;
}

/**
 * Makes the index of a tree. Memory does not grow with the tree.
 *
 * @throws NO_SPACE, IO, CORRUPT for a damaged earlier index, the signal's reason
 */
export async function makeIndex<File>(
  source: TreeSource<File>,
  writer: IndexWriter,
  options: MakeIndexOptions = {},
): Promise<IndexTotals & Pick<IndexProgress, "readBytes">> {
  const { digest, earlier, onProgress } = options;
  const isOfUse = earlier !== undefined && digest === earlier.facts.digest;
  const known = isOfUse ? new EntryCursor(earlier.entries(options)) : undefined;
  const reader = digest === undefined ? undefined : new ContentReader(source, digest, options);
  const progress = { entries: 0, files: 0, doneBytes: 0, readBytes: 0 };
  try {
    for await (const listed of listTree(source, options)) {
      const entries = reader ? await digestAll(await takeKnown(listed, known), reader) : listed;
      writer.add(entries);
      progress.entries += entries.length;
      for (const { kind, size } of entries) {
        if (kind === "file") progress.files += 1;
        progress.doneBytes += size;
      }
      progress.readBytes = reader?.readBytes ?? 0;
      onProgress?.(progress);
    }
  } finally {
    await known?.close();
  }
  return { ...writer.finish(), readBytes: progress.readBytes };
}

/** Gives entries the digests that an earlier index has of them. */
async function takeKnown<File>(
  listed: readonly ListedEntry<File>[],
  known: EntryCursor | undefined,
): Promise<readonly ListedEntry<File>[]> {
  if (!known) return listed;
  const taken: ListedEntry<File>[] = [];
  for (const entry of listed) {
    const before = await known.find(entry.path);
    const isSame = before !== undefined && isUnchanged(before, entry);
    taken.push(isSame ? { ...entry, digest: before.digest } : entry);
  }
  return taken;
}

function isUnchanged(before: IndexedEntry, now: IndexedEntry): boolean {
  return (
    before.kind === now.kind &&
    before.size === now.size &&
    before.mtimeSec === now.mtimeSec &&
    before.mtimeNsec === now.mtimeNsec &&
    !before.isUnsettled
  );
}

/** The entries with the digests of their files, without those that could not be read. */
async function digestAll<File>(
  listed: readonly ListedEntry<File>[],
  reader: ContentReader<File>,
): Promise<readonly IndexedEntry[]> {
  const isUnread = ({ kind, digest }: IndexedEntry): boolean => kind === "file" && digest === undefined;
  const read = await reader.read(listed.filter(isUnread));
  return listed.flatMap((entry) => (isUnread(entry) ? (read.get(entry.file) ?? []) : entry));
}
