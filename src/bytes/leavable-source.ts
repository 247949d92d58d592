const end = Object.freeze({ done: true, value: undefined });

/**
 * A source that can be left while it owes an item: to who reads it, it is then at its end at once.
 *
 * It is closed whichever way it ends. Where it owes an item, which it may never give, nobody waits
 * for that. What comes of closing a source that was left, and of the item, is of no interest.
 */
export class LeavableSource<Item> implements AsyncIterableIterator<Item> {
  readonly #source: AsyncIterator<Item> | Iterator<Item>;
  #isLeft = false;
  /** Ends the wait for an item that is owed. */
  #stopWaiting: (() => void) | undefined;

  constructor(items: AsyncIterable<Item> | Iterable<Item>) {
    this.#source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** True from when it is left: an item may be on its way to the reader even then. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** Ends it. May be called at any time, and twice. */
  leave(): void {
    this.#isLeft = true;
    this.#stopWaiting?.();
  }

  next(): Promise<IteratorResult<Item>> {
    if (this.#isLeft) return this.#end();
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#stopWaiting = undefined;
        act();
      };
      this.#stopWaiting = () =>
        settle(() => {
          void this.#end();
          resolve(end);
        });
      Promise.resolve(this.#source.next()).then(
        (step) => settle(() => resolve(step)),
        (thrown: unknown) => settle(() => reject(thrown)),
      );
    });
  }

  async return(): Promise<IteratorResult<Item>> {
    await this.#source.return?.();
    return end;
  }

  async #end(): Promise<IteratorResult<Item>> {
    return this.return().catch(() => end);
  }
}
