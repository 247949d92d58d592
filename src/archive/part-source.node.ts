import { override } from "../bytes/override.ts";
import { SyncError } from "../errors.ts";
import type { DirSource } from "../tree/disk/source/source.node.ts";
import type { SourceFile } from "../tree/disk/source/source-file.node.ts";
import { type FileRange, isAllOf } from "../tree/order/file-range.ts";
import type { SourceEntry, TreeSource } from "../tree/source.ts";
import { PathStack } from "./list-tree.node.ts";
import { isInRange, type PathRange } from "./parts.node.ts";

/**
 * A source of which only some paths are sent, and the directories around them. Paths begin below
 * the directory that is sent, whether it has a name or not.
 */
export function partSource<File, Source extends TreeSource<File>>(source: Source, range: PathRange): Source {
  const whole: TreeSource<File> = source;
  return override(whole, {
    // A directory that has the same content elsewhere is not the same when a part of it is sent.
    subtrees: undefined,
    async *entries(options: Parameters<TreeSource<File>["entries"]>[0]) {
      const paths = new PathStack();
      /** Directories around the next path, by their depths, that were not sent. */
      const around: SourceEntry<File>[] = [];
      for await (const batch of source.entries(options)) {
        const sent: SourceEntry<File>[] = [];
        for (const listed of batch) {
          const { entry } = listed;
          if (entry.depth === 0 && entry.kind === "dir") {
            sent.push(listed);
            continue;
          }
          const isMine = isInRange(paths.enter(entry), range);
          while ((around.at(-1)?.entry.depth ?? -1) >= entry.depth) around.pop();
          if (isMine) sent.push(...around.splice(0), listed);
          else if (entry.kind === "dir") around.push(listed);
        }
        if (sent.length > 0) yield sent;
      }
    },
  }) as unknown as Source;
}

/**
 * A source of one file, and the directories around it, of which only a range is sent. A file that
 * is not as long any more as when it was cut is reported (CHANGED), and left out.
 */
export function rangeSource(source: DirSource, range: FileRange): DirSource {
  const whole = isAllOf(range);
  return override(source, {
    // An old version is compared with the whole.
    ...((whole ? {} : { scan: undefined }) as object),
    async *entries(options: Parameters<DirSource["entries"]>[0]) {
      const paths = new PathStack();
      for await (const batch of source.entries(options)) {
        const sent: SourceEntry<SourceFile>[] = [];
        for (const { entry, file } of batch) {
          const isRoot = entry.depth === 0 && entry.kind === "dir";
          const path = isRoot ? "" : paths.enter(entry);
          if (entry.kind === "dir" || (whole && entry.size === range.fileBytes)) sent.push({ entry, file });
          else if (entry.kind === "file" && entry.size === range.fileBytes)
            sent.push({ entry: { ...entry, size: range.size }, file: { ...file, range } });
          else options.onTrouble?.(changed(path));
        }
        if (sent.length > 0) yield sent;
      }
    },
  }) as DirSource;
}

function changed(path: string): SyncError {
  return new SyncError("CHANGED", "a file changed after it was cut into ranges", { detail: { path } });
}
