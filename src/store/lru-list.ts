/** What an item of an LruList carries. Only the list writes to it. */
export interface LruLinks<Item> {
  older: Item | undefined;
  younger: Item | undefined;
}

/**
 * Items from the one that was idle longest to the one just added; every operation takes constant
 * time.
 */
export class LruList<Item extends LruLinks<Item>> {
  #oldest: Item | undefined;
  #youngest: Item | undefined;

  /** The item that was added first, or undefined when the list is empty. */
  get oldest(): Item | undefined {
    return this.#oldest;
  }

  /** Adds an item that is in no list at the young end. */
  append(item: Item): void {
    item.older = this.#youngest;
    if (this.#youngest) this.#youngest.younger = item;
    else this.#oldest = item;
    this.#youngest = item;
  }

  /** Takes out an item that is in this list. */
  remove(item: Item): void {
    if (item.older) item.older.younger = item.younger;
    else this.#oldest = item.younger;
    if (item.younger) item.younger.older = item.older;
    else this.#youngest = item.older;
    item.older = undefined;
    item.younger = undefined;
  }
}
