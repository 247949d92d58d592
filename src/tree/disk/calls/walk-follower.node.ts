import type { ByteString } from "./byte-string.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import type { RecordedWalk } from "./recorded-walk.node.ts";

/**
 * Finds what a walk found, for a caller who comes to the same places in the same order. The caller
 * may pass over some, and come to others that were not there.
 */
export class WalkFollower {
  readonly #walk: RecordedWalk;
  /** By depth: where to look on in the directory that the caller is in. */
  readonly #next: number[] = [0];

  constructor(walk: RecordedWalk) {
    this.#walk = walk;
  }

  /**
   * What was found at a name in the last directory that was asked for at the depth above; undefined
   * when nothing was.
   *
   * @param depth directories between the root of the walk and the name
   */
  find(depth: number, name: ByteString): FileStats | undefined {
    const from = this.#next[depth];
    this.#next.length = Math.min(this.#next.length, depth + 1);
    if (from === undefined) return undefined;
    const walk = this.#walk;
    let at = from;
    while (at < walk.entryCount && walk.depthOf(at) >= depth) {
      if (walk.depthOf(at) === depth && walk.nameOf(at) >= name) break;
      at += 1;
    }
    this.#next[depth] = at;
    const isThere = at < walk.entryCount && walk.depthOf(at) === depth && walk.nameOf(at) === name;
    if (!isThere) return undefined;
    this.#next[depth + 1] = at + 1;
    return walk.statsOf(at);
  }
}
