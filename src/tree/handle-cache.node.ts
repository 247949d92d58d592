import fs from "node:fs";

/** Open files or directories by key. Holds a bounded number and closes the one used longest ago. */
export class HandleCache<Key> {
  readonly #maxCount: number;
  readonly #open: (key: Key) => number;
  /** The one used longest ago first. */
  readonly #fds = new Map<Key, number>();
  #last: { readonly key: Key; readonly fd: number } | undefined;

  constructor(maxCount: number, open: (key: Key) => number) {
    this.#maxCount = maxCount;
    this.#open = open;
  }

  /** The handle of a key, opened when it is not. Good until the next call of `get`. */
  get(key: Key): number {
    if (this.#last?.key === key) return this.#last.fd;
    const fd = this.#fds.get(key) ?? this.#open(key);
    this.#fds.delete(key);
    this.#fds.set(key, fd);
    if (this.#fds.size > this.#maxCount) this.drop(this.#fds.keys().next().value!);
    this.#last = { key, fd };
    return fd;
  }

  /** Puts in a handle that was opened elsewhere. */
  add(key: Key, fd: number): void {
    this.#fds.set(key, fd);
    this.get(key);
  }

  /** Closes one handle, if it is open. */
  drop(key: Key): void {
    const fd = this.#fds.get(key);
    if (fd === undefined) return;
    this.#fds.delete(key);
    if (this.#last?.key === key) this.#last = undefined;
    fs.closeSync(fd);
  }

  close(): void {
    for (const key of [...this.#fds.keys()]) this.drop(key);
  }
}
