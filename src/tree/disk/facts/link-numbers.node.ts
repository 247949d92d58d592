import type { FileStats } from "../calls/file-stats.node.ts";

/** Numbers the files of a source that have several names, so that these can be told as one. */
export class LinkNumbers {
  /** By file system and inode. */
  readonly #known = new Map<number, Map<number, number>>();
  #next = 0;

  /** Returns undefined for what has one name, or cannot be told from others for certain. */
  of({ device, inode, kind, linkCount }: FileStats): number | undefined {
    if (linkCount < 2 || kind === "dir" || !Number.isSafeInteger(inode)) return undefined;
    let inodes = this.#known.get(device);
    if (!inodes) this.#known.set(device, (inodes = new Map()));
    const known = inodes.get(inode);
    if (known !== undefined) return known;
    inodes.set(inode, this.#next);
    return this.#next++;
  }
}
