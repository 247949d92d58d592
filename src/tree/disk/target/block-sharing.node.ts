import fs from "node:fs";
import { findLibc, type Libc } from "../calls/libc.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import type { ContentAt, Places } from "./places.node.ts";

/** Has new files share blocks with others (reflinks). Where no files can, that is asked once. */
export class BlockSharing {
  readonly #places: Places;
  readonly #cloneRange: Libc["cloneRange"];
  /** Pairs of file systems of which no files can share blocks. */
  readonly #apart = new Set<string>();

  /** @param cloneRange the system's call; undefined where there is none */
  constructor(places: Places, cloneRange: Libc["cloneRange"] = findLibc()?.cloneRange) {
    this.#places = places;
    this.#cloneRange = cloneRange;
  }

  /**
   * Has the rest of an open file share all that lies in another one from an offset on. Returns
   * false, and nothing is done, where that cannot be.
   *
   * @param to open for writing, in a directory; it ends at this offset or before
   */
  share({ place, offset }: ContentAt, to: { fd: number; dir: DirNode; offset: number }): boolean {
    const volumes = `${this.#places.volumeOf(place)?.device} ${to.dir.top.volume?.device}`;
    if (!this.#cloneRange || this.#apart.has(volumes)) return false;
    const from = this.#open(place);
    if (from === undefined) return false;
    const isShared = this.#cloneRange(from, offset, to.fd, to.offset, 0);
    if (isShared === undefined) this.#apart.add(volumes);
    // A disk may be full half way.
    if (!isShared && fs.fstatSync(to.fd).size > to.offset) fs.ftruncateSync(to.fd, to.offset);
    return isShared === true;
  }

  #open(place: number): number | undefined {
    try {
      return this.#places.handleOf(place);
    } catch {
      return undefined; // it is not on a disk yet, or gone
    }
  }
}
