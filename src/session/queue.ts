import { SyncError } from "../errors.ts";

/** First in, first out, without moving what is behind. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #first = 0;

  get size(): number {
    return this.#items.length - this.#first;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The one that `shift` would return. */
  peek(): T | undefined {
    return this.#items[this.#first];
  }

  /** The one that is returned after so many others. */
  at(i: number): T | undefined {
    return this.#items[this.#first + i];
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first += 1;
    if (this.#first > 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** @throws INTERNAL when it is empty */
  take(): T {
    const item = this.shift();
    if (item === undefined) throw new SyncError("INTERNAL", "took from an empty queue");
    return item;
  }

  values(): T[] {
    return this.#items.slice(this.#first) as T[];
  }
}
