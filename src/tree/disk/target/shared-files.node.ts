import type { Entry } from "../../entry/entry.ts";
import type { FileStats } from "../calls/file-stats.node.ts";

/**
 * Files of a destination with several names. What is set at one name is set at all: that may be
 * done where hard links are kept, once the names that the sender has for one file lead to one file
 * here, and no entry before had another use for it.
 *
 * Memory: a short text for each such file.
 */
export class SharedFiles {
  readonly #links = new Map<string, number | undefined>();

  /** Notes that an entry has a file under its name, and says whether it may be changed there. */
  claim({ device, inode }: FileStats, { link }: Entry): boolean {
    const file = `${device}:${inode}`;
    if (!this.#links.has(file)) this.#links.set(file, link);
    return link !== undefined && this.#links.get(file) === link;
  }
}
