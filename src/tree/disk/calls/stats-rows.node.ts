import { statxWords, StatxView } from "./statx-view.node.ts";

/** Rows in a block of memory. */
const blockRows = 4096;

/**
 * What the system said of many files, one after another. 152 bytes are kept of each, and no object:
 * a garbage collector that went through them again and again would take more time than to ask the
 * system twice.
 */
export class StatsRows {
  readonly #blocks: Uint32Array[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds what was put into words by `readStats`. */
  add(words: Uint32Array): void {
    const at = (this.#count % blockRows) * statxWords;
    const block = (this.#blocks[Math.floor(this.#count / blockRows)] ??= new Uint32Array(
      blockRows * statxWords,
    ));
    for (let i = 0; i < statxWords; i++) block[at + i] = words[i]!;
    this.#count += 1;
  }

  /** Moves a view to what was added when there were `index` rows before it. */
  show(view: StatxView, index: number): StatxView {
    const row = index % blockRows;
    view.words = this.#blocks[(index - row) / blockRows]!;
    view.at = row * statxWords;
    return view;
  }

  /** Drops all rows but the first ones, and keeps room for the next. */
  cut(count: number): void {
    this.#count = count;
    this.#blocks.splice(Math.floor(count / blockRows) + 1);
  }
}
