import type { Subtree } from "../../../tree/entry/subtree-digests.ts";
import type { ReadTargetSubtrees } from "../../../tree/subtrees.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import { sessionLimits } from "../../limits.ts";

/** A receiver that reads what it has while it hears on. */
export class SubtreeReading {
  /** Entries up to which it is worth while. */
  #limitCount: number;
  readonly #subtrees: Promise<readonly Subtree[] | undefined>;

  /** @param maxCount entries that are read at most, however many the sender has */
  constructor(read: ReadTargetSubtrees, topName: Bytes, maxCount: number, options: AbortOptions) {
    this.#limitCount = maxCount;
    const goOn = (entryCount: number): boolean => entryCount <= this.#limitCount;
    // What cannot be read is found out, and told, when the entries are planned.
    this.#subtrees = read(topName, { ...options, goOn }).catch(() => undefined);
  }

  /**
   * Returns what is here; undefined when that is much more than the sender has.
   *
   * @param entryCount entries of the sender
   */
  async take(entryCount: number): Promise<readonly Subtree[] | undefined> {
    const limitCount = 2 * entryCount + sessionLimits.smallTreeCount;
    this.#limitCount = Math.min(this.#limitCount, limitCount);
    return this.#subtrees;
  }

  /** Ends the reading soon: nobody asks any more. */
  stop(): void {
    this.#limitCount = -1;
  }

  /** Ends the reading, and waits for that. */
  async close(): Promise<void> {
    this.stop();
    await this.#subtrees;
  }
}
