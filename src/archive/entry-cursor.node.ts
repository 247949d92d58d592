import { type IndexedEntry, orderKeyOf } from "./tree-index.node.ts";

/** Goes through the entries of an index beside others that come in the same order. */
export class EntryCursor {
  readonly #batches: AsyncIterator<readonly IndexedEntry[]>;
  #batch: readonly IndexedEntry[] = [];
  #at = 0;
  #isAtEnd = false;

  constructor(batches: AsyncIterable<readonly IndexedEntry[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** The entry that it stands at, where that is at hand: a promise for each would cost the most. */
  get here(): IndexedEntry | undefined {
    return this.#batch[this.#at];
  }

  /** The same, waited for; undefined behind the last. */
  async current(): Promise<IndexedEntry | undefined> {
    while (this.#at >= this.#batch.length && !this.#isAtEnd) {
      const { done, value } = await this.#batches.next();
      this.#isAtEnd = done === true;
      [this.#batch, this.#at] = [done === true ? [] : value, 0];
    }
    return this.#batch[this.#at];
  }

  advance(): void {
    this.#at += 1;
  }

  /** The entry of a path, passing over those before it. Paths are asked for in order. */
  async find(path: string): Promise<IndexedEntry | undefined> {
    const key = orderKeyOf(path);
    for (;;) {
      const entry = this.here ?? (await this.current());
      if (!entry) return undefined;
      if (entry.path === path) return entry;
      if (orderKeyOf(entry.path) > key) return undefined;
      this.#at += 1;
    }
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}
