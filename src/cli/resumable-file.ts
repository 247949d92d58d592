import { randomUUID } from "node:crypto";
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileTrouble } from "../tree/file-trouble.node.ts";
import { hashText } from "../tree/likeness.node.ts";
import { takeLock } from "../tree/lock.node.ts";
import type { Bytes } from "../types.ts";
import { replaceBy } from "./file-replacement.ts";

/** A file that is about to be replaced, by one process at a time, if need be in several runs. */
export interface ResumableFile {
  /** Files that hold what earlier runs got of it, from its beginning on. */
  readonly leftovers: readonly string[];
  /**
   * As `replaceFile`, but what was written stays for a later run when the content ends in an error or the process is
   * killed; all leftovers go when it is complete.
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
  const directory = dirname(path);
  const stem = `.rsync-stream-${hashText(basename(path)).toString(16).padStart(8, "0")}.`;
  const at = (name: string): string => join(directory, stem + name);
  const leftovers: string[] = [];
  try {
    takeLock(at);
    for (const name of readdirSync(directory)) {
      const isOurs = name.startsWith(stem) && !name.startsWith(`${stem}lock`);
      if (isOurs && sizeOf(join(directory, name)) !== undefined) leftovers.push(join(directory, name));
    }
  } catch (thrown) {
    throw fileTrouble(thrown, path);
  }
  return {
    leftovers,
    async replace(content) {
      const incomplete = at(randomUUID());
      try {
        await replaceBy(incomplete, path, content);
        for (const leftover of leftovers) rmSync(leftover, { force: true });
      } catch (thrown) {
        keepLongest([incomplete, ...leftovers]);
        throw thrown;
      }
    },
    close: () => rmSync(at("lock"), { force: true }),
  };
}

/** What earlier runs got begins alike, so the longest has all of it. */
function keepLongest(paths: readonly string[]): void {
  const longest = Math.max(...paths.map((path) => sizeOf(path) ?? 0));
  const kept = longest === 0 ? undefined : paths.find((path) => sizeOf(path) === longest);
  for (const path of paths) if (path !== kept) rmSync(path, { force: true });
}

/** Undefined when no file is there. */
function sizeOf(path: string): number | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true ? stats.size : undefined;
}
