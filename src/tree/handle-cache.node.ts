import fs from "node:fs";

/** What the process may have open when nobody says how much that is. */
const usualLimitCount = 1024;
/** What Node, the connections and the one file at hand take. */
const reservedCount = 32;
/** Handles that a cache keeps however little there is: a rename needs two directories. */
const leastCount = 2;

/** Handles in all caches, and how many there may be. */
let heldCount = 0;
const roomCount = Math.max(0, Math.floor((findLimit() - reservedCount) / 2));

/**
 * Open files or directories by key. Holds a bounded number and closes the one used longest ago; all caches together
 * hold no more than half of what the process may have open.
 */
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
    const known = this.#fds.get(key);
    const fd = known ?? this.#open(key);
    if (known === undefined) heldCount += 1;
    this.#fds.delete(key);
    this.#fds.set(key, fd);
    if (this.#isFull()) this.drop(this.#fds.keys().next().value!);
    this.#last = { key, fd };
    return fd;
  }

  /** Puts in a handle that was opened elsewhere. */
  add(key: Key, fd: number): void {
    this.#fds.set(key, fd);
    heldCount += 1;
    this.get(key);
  }

  /** Closes one handle, if it is open. */
  drop(key: Key): void {
    const fd = this.#fds.get(key);
    if (fd === undefined) return;
    this.#fds.delete(key);
    heldCount -= 1;
    if (this.#last?.key === key) this.#last = undefined;
    fs.closeSync(fd);
  }

  close(): void {
    for (const key of [...this.#fds.keys()]) this.drop(key);
  }

  #isFull(): boolean {
    const { size } = this.#fds;
    return size > this.#maxCount || (heldCount > roomCount && size > leastCount);
  }
}

/** Files that the process may have open at once. */
function findLimit(): number {
  try {
    const line = /^Max open files +(\d+)/m.exec(fs.readFileSync("/proc/self/limits", "utf8"));
    return Number(line?.[1] ?? Number.POSITIVE_INFINITY); // "unlimited"
  } catch {
    return usualLimitCount;
  }
}
