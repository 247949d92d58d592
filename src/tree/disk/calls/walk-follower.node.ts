import type { ByteString } from "./byte-string.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import { namesIn, type RecordedDir, type RecordedWalk } from "./recorded-walk.node.ts";

/** A directory that the caller is in, and where to look on in it. */
interface Level {
  readonly dir: RecordedDir;
  readonly names: readonly ByteString[];
  next: number;
}

/**
 * Finds what a walk found, for a caller who comes to the same places in the same order. The caller
 * may pass over some, and come to others that were not there.
 */
export class WalkFollower {
  readonly #walk: RecordedWalk;
  /** By depth; undefined for a directory that the walk did not find. */
  readonly #levels: (Level | undefined)[];

  constructor(walk: RecordedWalk) {
    this.#walk = walk;
    this.#levels = [levelOf(walk.root)];
  }

  /**
   * What was found at a name in the last directory that was asked for at the depth above; undefined
   * when nothing was.
   *
   * @param depth directories between the root of the walk and the name
   */
  find(depth: number, name: ByteString): FileStats | undefined {
    const level = this.#levels[depth];
    this.#levels.length = Math.min(this.#levels.length, depth + 1);
    if (!level) return undefined;
    const { dir, names } = level;
    while (level.next < dir.count && names[level.next]! < name) level.next += 1;
    if (names[level.next] !== name) return undefined;
    const row = dir.firstRow + level.next;
    const below = this.#walk.dirAt(row);
    if (below) this.#levels[depth + 1] = levelOf(below);
    return this.#walk.statsAt(row);
  }
}

function levelOf(dir: RecordedDir): Level {
  return { dir, names: namesIn(dir), next: 0 };
}
