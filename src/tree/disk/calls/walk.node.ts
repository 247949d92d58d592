import { SyncError } from "../../../errors.ts";
import type { ByteString } from "./byte-string.node.ts";
import { findPlaceFault } from "../../entry/entry-order.ts";
import type { FileStats } from "./file-stats.node.ts";
import { entryTrouble } from "./file-trouble.node.ts";
import { pathBelow, printDir, printPlace, DirNode } from "./dir-node.node.ts";
import type { HeldDirs } from "./held-dirs.node.ts";

/** Something found in a directory. */
export interface Found {
  readonly dir: DirNode;
  readonly name: ByteString;
  /** Directories between the root of the walk and this: 0 for what lies in the root. */
  readonly depth: number;
  readonly stats: FileStats;
  /** True for a directory of which nothing below it is listed. */
  readonly isClosed?: boolean;
  /** True for a directory that is listed as if nothing was in it. */
  readonly isEnd?: boolean;
  /** True for what a link leads to that stands there. */
  readonly isBehindLink?: boolean;
}

export interface WalkOptions {
  /** Where to start, when not at the root. */
  readonly from?: DirNode;
  /** What comes before the paths of what is found, for the limits of depth and length. */
  readonly above?: { readonly depth: number; readonly pathBytes: number };
  /** Leaves out a name without a look at it. */
  readonly passOver?: (dir: DirNode, name: ByteString) => boolean;
  /** Leaves out a path, and all below it when it is a directory. */
  readonly skip?: (dir: DirNode, name: ByteString, stats: FileStats) => boolean;
  /** Lists a directory, and nothing that is in it. */
  readonly passBelow?: (dir: DirNode, name: ByteString) => boolean;
  /** Lists a directory as if nothing was in it. */
  readonly endAt?: (dir: DirNode, name: ByteString, stats: FileStats) => boolean;
  /** Called before the names in a directory are read. */
  readonly enter?: (dir: DirNode) => void;
  /** What is to be found in the place of a link; undefined for one that is a link. */
  readonly lookBehind?: (dir: DirNode, name: ByteString) => FileStats | undefined;
  /** @param depth of what was to be found */
  readonly onTrouble?: (error: SyncError, depth: number) => void;
}

const nothingAbove = { depth: 0, pathBytes: 0 };

/** A directory on the way down. */
interface Level {
  readonly dir: DirNode;
  readonly names: readonly ByteString[];
  readonly pathBytes: number;
  next: number;
}

/**
 * Lists everything below the root in canonical order: a directory before its content, names by
 * their bytes. Follows no link. Synchronous, one step per entry; memory holds the names of one
 * directory per depth.
 */
export function* walk(held: HeldDirs, options: WalkOptions = {}): Generator<Found> {
  const levels: Level[] = [openLevel(held, options.from ?? held.root, 0, options)];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const name = level.names[level.next++];
    if (name === undefined) {
      levels.pop();
      continue;
    }
    if (options.passOver?.(level.dir, name)) continue;
    const found = look(held, level, name, levels.length - 1, options);
    if (!found || options.skip?.(found.dir, name, found.stats)) continue;
    const isDir = found.stats.kind === "dir";
    const isClosed = isDir && options.passBelow?.(level.dir, name) === true;
    const isEnd = isDir && options.endAt?.(level.dir, name, found.stats) === true;
    yield isClosed || isEnd ? { ...found, isClosed, isEnd } : found;
    if (!isDir || isClosed || isEnd) continue;
    const isBehindLink = found.isBehindLink ?? false;
    levels.push(openLevel(held, new DirNode(level.dir, name, { isBehindLink }), levels.length, options));
  }
}

function look(
  held: HeldDirs,
  { dir, pathBytes }: Level,
  name: ByteString,
  depth: number,
  options: WalkOptions,
): Found | undefined {
  try {
    const { above = nothingAbove } = options;
    const fault = findPlaceFault(above.depth + depth, above.pathBytes + pathBytes + name.length);
    if (fault !== undefined) throw misplaced(fault, dir, name);
    const stats = held.look(dir, name);
    const behind = stats?.kind === "symlink" ? options.lookBehind?.(dir, name) : undefined;
    if (behind) return { dir, name, depth, stats: behind, isBehindLink: true };
    if (stats) return { dir, name, depth, stats };
    throw new SyncError("VANISHED", "a file is gone", { detail: { path: printPlace(dir, name) } });
  } catch (thrown) {
    options.onTrouble?.(entryTrouble(thrown, printPlace(dir, name)), depth);
    return undefined;
  }
}

function openLevel(held: HeldDirs, dir: DirNode, depth: number, options: WalkOptions): Level {
  return { dir, names: listNames(held, dir, depth, options), pathBytes: pathBelow(dir).length, next: 0 };
}

/**
 * The names in a directory, ascending by their bytes. Empty, and reported, when it cannot be read.
 */
function listNames(held: HeldDirs, dir: DirNode, depth: number, options: WalkOptions): ByteString[] {
  try {
    options.enter?.(dir);
    return held.names(dir).sort();
  } catch (thrown) {
    options.onTrouble?.(entryTrouble(thrown, printDir(dir) || "."), depth);
    return [];
  }
}

function misplaced(fault: string, dir: DirNode, name: ByteString): SyncError {
  return new SyncError("PATH", `an entry ${fault}`, { detail: { path: printPlace(dir, name) } });
}
