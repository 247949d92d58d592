import { doAll } from "../../bytes/closing.ts";
import { randomUUID } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { fileTrouble } from "../../tree/disk/calls/file-trouble.node.ts";
import type { HeldDirs } from "../../tree/disk/calls/held-dirs.node.ts";
import { hashText } from "../../tree/disk/target/likeness.node.ts";
import { takeLock } from "../../tree/disk/target/lock.node.ts";
import type { Bytes } from "../../types.ts";
import { openAround, removeFrom, replaceBy } from "./file-replacement.ts";

/** A file that is about to be replaced, by one process at a time, if need be in several runs. */
interface ResumableFile {
  /** Files that hold what earlier runs got of it, from its beginning on. */
  readonly leftovers: readonly string[];
  /**
   * As `replaceFile`, but what was written stays for a later run when the content ends in an error
   * or the process is killed; all leftovers go when it is complete.
   */
  replace(content: AsyncIterable<Bytes>): Promise<void>;
  /** Lets others write it. */
  close(): void;
}

/**
 * Prepares to replace a file.
 *
 * @throws LOCKED while another process does, NOT_FOUND, IO
 */
export function openResumableFile(path: string): ResumableFile {
  const held = openAround(path);
  const stem = stemOf(path);
  try {
    const lock = held.writeIn(held.root, () => takeLock(held, held.root, `${stem}lock`));
    const names = listLeftovers(held, stem);
    return {
      leftovers: names.map((name) => join(dirname(path), name)),
      async replace(content) {
        const incomplete = stem + randomUUID();
        try {
          await replaceBy(held, incomplete, path, content);
          for (const name of names) removeFrom(held, name);
        } catch (thrown) {
          try {
            keepLongest(held, [incomplete, ...names]);
          } catch {
            // The next run looks at what is left.
          }
          throw thrown;
        }
      },
      close: () => doAll([() => lock.release(), () => held.close()]),
    };
  } catch (thrown) {
    held.close();
    throw fileTrouble(thrown, path);
  }
}

/** How the names begin of what one process at a time makes to replace a file. */
export function stemOf(path: string): string {
  return `.rsync-stream-${hashText(basename(path)).toString(16).padStart(8, "0")}.`;
}

/** What is there of earlier runs; the rest of a lock that one of them could not take goes. */
function listLeftovers(held: HeldDirs, stem: string): string[] {
  const names = held
    .names(held.root)
    .filter((name) => name.startsWith(stem) && sizeOf(held, name) !== undefined);
  for (const name of names) if (name.startsWith(`${stem}lock.`)) removeFrom(held, name);
  return names.filter((name) => !name.startsWith(`${stem}lock`));
}

/** What earlier runs got begins alike, so the longest has all of it. */
function keepLongest(held: HeldDirs, names: readonly string[]): void {
  const longest = Math.max(...names.map((name) => sizeOf(held, name) ?? 0));
  const kept = longest === 0 ? undefined : names.find((name) => sizeOf(held, name) === longest);
  for (const name of names) if (name !== kept) removeFrom(held, name);
}

/** Undefined when no file is there. */
function sizeOf(held: HeldDirs, name: string): number | undefined {
  const stats = held.look(held.root, name);
  return stats?.kind === "file" ? stats.size : undefined;
}
