import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import path from "node:path";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import type { Layout } from "../../entry/entry.ts";
import type { DirFilter } from "../../filter/dir-filter.ts";
import { type FilterSide, filterLimits } from "../../filter/rule.ts";
import type { TreeFilter } from "../../filter/tree-filter.ts";
import { nativePath, printPath, toByteString, type ByteString } from "../calls/byte-string.node.ts";
import { type DirNode, pathBelow } from "../calls/dir-node.node.ts";
import { readFully } from "../calls/file-cut.node.ts";
import { fileTrouble, isErrno } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

/** How a filter is asked about a tree on disk. */
interface DirFiltersOptions {
  readonly side: FilterSide;
  /** The path of the directory that paths in rules begin in. */
  readonly place: ByteString;
  /** What the root is in those paths: that directory, or a name in it, or the directory around. */
  readonly root: { readonly name: ByteString } | Layout;
}

/**
 * A filter in each directory of a tree on disk, with the rules that are in files there.
 *
 * A sender follows a link to such a file, as it does not tell what is in it. A receiver does not:
 * somebody else may have made the link.
 */
export class DirFilters {
  /** The filter of what no directory lies around. */
  readonly top: DirFilter;
  readonly #held: HeldDirs;
  readonly #flags: number;
  /** By directory, for as long as one is being walked. */
  readonly #filters = new WeakMap<DirNode, DirFilter>();
  readonly #root: DirFiltersOptions["root"];
  #last: { readonly dir: DirNode; readonly filter: DirFilter } | undefined;

  constructor(filter: TreeFilter, held: HeldDirs, { side, place, root }: DirFiltersOptions) {
    this.#held = held;
    this.#flags = O_RDONLY | O_NONBLOCK | (side === "receiver" ? O_NOFOLLOW : 0);
    const base = absoluteBase(place);
    this.top = filter.open(side, { base, readAbove: (file) => readAbove(file) });
    this.#root = root;
  }

  /** The filter of what lies in a directory. @throws USAGE, LIMIT, IO for its files with rules */
  of(dir: DirNode): DirFilter {
    if (this.#last?.dir === dir) return this.#last.filter;
    let filter = this.#filters.get(dir);
    if (!filter) this.#filters.set(dir, (filter = this.#enter(dir)));
    this.#last = { dir, filter };
    return filter;
  }

  #enter(dir: DirNode): DirFilter {
    const read = (name: ByteString): Bytes | undefined => this.#read(dir, name);
    if (dir.parent) return this.of(dir.parent).enter(dir.name, read);
    if (this.#root === "named") return this.top;
    return this.top.enter(this.#root === "contents" ? "" : this.#root.name, read);
  }

  #read(dir: DirNode, name: ByteString): Bytes | undefined {
    return readRules(`${pathBelow(dir)}/${name}`.slice(1), () => this.#held.open(dir, name, this.#flags));
  }
}

function readAbove(file: ByteString): Bytes | undefined {
  return readRules(file, () => fs.openSync(nativePath(file), O_RDONLY | O_NONBLOCK));
}

/** Reads a file with rules; undefined where there is no file. @throws IO, LIMIT */
function readRules(file: ByteString, open: () => number): Bytes | undefined {
  try {
    const fd = open();
    const read = (): Bytes | undefined => {
      const stats = fs.fstatSync(fd);
      if (!stats.isFile()) return undefined;
      // One byte more than may be is refused by whoever takes the rules.
      const bytes = new Uint8Array(Math.min(stats.size, filterLimits.fileBytes + 1));
      return bytes.subarray(0, readFully(fd, bytes, 0));
    };
    return closingAfter(read, () => fs.closeSync(fd));
  } catch (thrown) {
    // ENXIO is what opening a socket gets.
    if (isErrno(thrown, "ENOENT", "ENOTDIR", "ENXIO")) return undefined;
    const detail = { path: printPath(file) };
    if (isErrno(thrown, "ELOOP"))
      throw new SyncError("USAGE", "a link stands for a file of rules", { detail });
    throw fileTrouble(thrown, printPath(file));
  }
}

/** The absolute path of a directory as rules are held against it. */
function absoluteBase(place: ByteString): ByteString {
  const working = toByteString(Buffer.from(process.cwd()));
  const absolute = path.posix.normalize(place.startsWith("/") ? place : `${working}/${place}`);
  return absolute === "/" ? "" : `${absolute.replace(/\/$/, "").slice(1)}/`;
}
