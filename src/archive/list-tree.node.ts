import { decodeByteText } from "../bytes/byte-text.ts";
import type { SyncError } from "../errors.ts";
import { toByteString } from "../tree/disk/calls/byte-string.node.ts";
import type { Entry } from "../tree/entry/entry.ts";
import { isRootName } from "../tree/entry/entry-order.ts";
import type { TreeSource } from "../tree/source.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { type IndexedEntry, isAscii } from "./tree-index.node.ts";

/** What of a tree is listed. */
export interface ListTreeOptions extends AbortOptions {
  /** Leaves out what one of these is found in the path of, and what is in such a directory. */
  readonly excluded?: readonly RegExp[];
  /** Called for each path that had to be left out. */
  readonly onTrouble?: (error: SyncError) => void;
}

/** A path of a tree as an index has it, and how its source finds it again. */
export interface ListedEntry<File> extends IndexedEntry {
  readonly file: File;
}

/** Lists a tree in canonical order, a batch at a time. Its files have no digests yet. */
export async function* listTree<File>(
  source: TreeSource<File>,
  { excluded = [], onTrouble, signal }: ListTreeOptions = {},
): AsyncGenerator<readonly ListedEntry<File>[]> {
  const isExcluded = (path: string): boolean => excluded.some((pattern) => pattern.test(path));
  const paths = new PathStack();
  const batches = source.entries({
    ...(onTrouble && { onTrouble }),
    ...(signal && { signal }),
    isComplete: (path) => isExcluded(decodeByteText(Buffer.from(path, "latin1"))),
  });
  for await (const batch of batches) {
    const listed: ListedEntry<File>[] = [];
    for (const { entry, file } of batch) {
      if (entry.depth === 0 && isRootName(entry.name)) continue;
      const path = paths.enter(entry);
      if (excluded.length === 0 || !isExcluded(path)) listed.push(listedEntry(path, entry, file));
    }
    yield listed;
  }
}

/** The paths of entries that come in canonical order, by their depths. */
export class PathStack {
  readonly #paths: string[] = [];
  /** 1 where what is at the top is what is in a directory, behind the entry of that. */
  #topDepth = 1;

  enter({ depth, name }: Pick<Entry, "depth" | "name">): string {
    if (depth === 0) this.#topDepth = 0;
    const level = depth - this.#topDepth;
    const path = level === 0 ? nameOf(name) : `${this.#paths[level - 1]!}/${nameOf(name)}`;
    this.#paths[level] = path;
    return path;
  }
}

function nameOf(name: Bytes): string {
  const text = toByteString(name);
  return isAscii.test(text) ? text : decodeByteText(name);
}

function listedEntry<File>(
  path: string,
  { kind, size, mode, mtimeSec, mtimeNsec, target }: Entry,
  file: File,
): ListedEntry<File> {
  const holds = target && decodeByteText(target);
  return {
    path,
    kind,
    size,
    mode,
    mtimeSec,
    mtimeNsec,
    target: holds,
    digest: undefined,
    isUnsettled: false,
    file,
  };
}
