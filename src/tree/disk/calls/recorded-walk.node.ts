import type { ByteString } from "./byte-string.node.ts";
import { DirNode } from "./dir-node.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import { StatsRows } from "./stats-rows.node.ts";
import { StatxView } from "./statx-view.node.ts";
import type { Found, WalkOptions } from "./walk.node.ts";

/** Entries kept of a walk, at most: with their names they take some 50 MB. */
export const maxRecordedCount = 262_144;

/** Stands between names: none has it in it. */
const separator = "/";

/** A directory of a walk, and what is in it. */
export interface RecordedDir {
  readonly node: DirNode;
  readonly firstRow: number;
  readonly count: number;
  /** Ascending by their bytes, as one text: a garbage collector looks at each object. */
  readonly names: string;
}

/** A directory that is gone through. */
interface Level {
  readonly dir: RecordedDir;
  /** Where it is held now. */
  readonly node: DirNode;
  readonly names: readonly ByteString[];
  next: number;
}

/**
 * What a walk found that went everywhere below its root, to be used without another look. Of more
 * than `maxRecordedCount` entries nothing is kept.
 */
export class RecordedWalk {
  /** The directory that it began in, as it was before. */
  readonly top: FileStats | undefined;
  readonly rows = new StatsRows();
  readonly #view = new StatxView(new Uint32Array(0));
  #root: RecordedDir | undefined;
  /** By their own rows. */
  readonly #dirs = new Map<number, RecordedDir>();
  readonly #maxCount: number;
  #isWhole = true;

  constructor(top?: FileStats, maxCount = maxRecordedCount) {
    this.top = top;
    this.#maxCount = maxCount;
  }

  /** Is told that so many rows more come. Keeps no directory any more when these are too many. */
  expect(count: number): void {
    if (this.rows.count + count <= this.#maxCount) return;
    this.#isWhole = false;
    this.#root = undefined;
    this.#dirs.clear();
  }

  /**
   * Adds the names in a directory.
   *
   * @param row that of the directory itself; undefined for the one that the walk began in
   * @param firstRow that of the first name; the others follow it
   */
  add(node: DirNode, row: number | undefined, firstRow: number, names: readonly ByteString[]): void {
    const dir = { node, firstRow, count: names.length, names: names.join(separator) };
    if (row === undefined) this.#root = dir;
    else this.#dirs.set(row, dir);
  }

  /** True when all that was found is here. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get root(): RecordedDir {
    return this.#root!;
  }

  /** Returns the directory in a row; undefined for what is none. */
  dirAt(row: number): RecordedDir | undefined {
    return this.#dirs.get(row);
  }

  statsAt(row: number): FileStats {
    return this.rows.show(this.#view, row).copy();
  }

  /**
   * Gives what the walk would give that does not go into some directories. The stats of each are
   * overwritten by the next: copies of all would cost more than the rest of it.
   *
   * @param passBelow lists a directory, and nothing that is in it
   */
  without(passBelow: NonNullable<WalkOptions["passBelow"]>): Generator<Found> {
    return this.#list(this.root.node, ({ node }) => node, passBelow);
  }

  /** Gives all of it likewise, found below a directory that is held in another way. */
  below(top: DirNode): Generator<Found> {
    const nodeOf = (_: RecordedDir, parent: DirNode, name: ByteString): DirNode => new DirNode(parent, name);
    return this.#list(top, nodeOf, () => false);
  }

  *#list(
    top: DirNode,
    nodeOf: (dir: RecordedDir, parent: DirNode, name: ByteString) => DirNode,
    passBelow: NonNullable<WalkOptions["passBelow"]>,
  ): Generator<Found> {
    const levels = [openLevel(this.root, top)];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const { dir, node, names, next } = level;
      const name = names[next];
      level.next += 1;
      if (name === undefined) {
        levels.pop();
        continue;
      }
      const row = dir.firstRow + next;
      const found = { dir: node, name, depth: levels.length - 1, stats: this.rows.show(this.#view, row) };
      const below = this.dirAt(row);
      const isClosed = below !== undefined && passBelow(node, name);
      yield isClosed ? { ...found, isClosed } : found;
      if (below && !isClosed) levels.push(openLevel(below, nodeOf(below, node, name)));
    }
  }
}

function openLevel(dir: RecordedDir, node: DirNode): Level {
  return { dir, node, names: namesIn(dir), next: 0 };
}

/** Returns the names in a directory, ascending by their bytes. */
export function namesIn({ count, names }: RecordedDir): readonly ByteString[] {
  return count === 0 ? [] : names.split(separator);
}
