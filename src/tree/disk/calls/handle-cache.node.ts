import fs from "node:fs";
import { closingOnFailure, doAll } from "../../../bytes/closing.ts";
import { SyncError } from "../../../errors.ts";
import { identityOf, isStillSame, type Identity } from "./identity.node.ts";

/** What the process may have open when nobody says how much that is. */
const usualLimitCount = 1024;
/** What Node, the connections and the one file at hand take. */
const reservedCount = 32;
/** Handles that a cache keeps however little there is: a rename needs two directories. */
const leastCount = 2;

/** Handles in all caches, and how many there may be. */
let heldCount = 0;
const roomCount = Math.max(0, Math.floor((findLimit() - reservedCount) / 2));

/** Where a cache notes what it closed. */
interface Closed<Key> {
  get(key: Key): Identity | undefined;
  /** @param identify looks at what is about to be closed */
  set(key: Key, identify: () => Identity): void;
}

/**
 * Open files or directories by key. Holds a bounded number and closes the one used longest ago; all
 * caches together hold no more than half of what the process may have open.
 *
 * What was closed for want of room is opened again by its name, where something else may stand by
 * then: with `closed` that is noticed, and refused.
 */
export class HandleCache<Key> {
  readonly #maxCount: number;
  readonly #open: (key: Key) => number;
  readonly #closed: Closed<Key> | undefined;
  /** The one used longest ago first. */
  readonly #fds = new Map<Key, number>();
  /**
   * What the system said when a handle was closed for want of room: a write that failed, perhaps.
   */
  readonly #failures = new Map<Key, unknown>();
  #last: { readonly key: Key; readonly fd: number } | undefined;

  constructor(maxCount: number, open: (key: Key) => number, closed?: Closed<Key>) {
    this.#maxCount = maxCount;
    this.#open = open;
    this.#closed = closed;
  }

  /**
   * The handle of a key, opened when it is not. Good until the next call of `get`.
   *
   * @throws PATH when it was open before, and something else stands there now; what the system said
   *   when it was closed
   */
  get(key: Key): number {
    if (this.#last?.key === key) return this.#last.fd;
    const known = this.#fds.get(key);
    const fd = known ?? this.#openChecked(key);
    if (known === undefined) heldCount += 1;
    this.#fds.delete(key);
    this.#fds.set(key, fd);
    if (this.#isFull()) this.#makeRoom(this.#fds.keys().next().value!);
    this.#last = { key, fd };
    return fd;
  }

  /** Puts in a handle that was opened elsewhere. */
  add(key: Key, fd: number): void {
    this.#fds.set(key, fd);
    heldCount += 1;
    this.get(key);
  }

  /** True for a handle that is open. */
  has(key: Key): boolean {
    return this.#fds.has(key);
  }

  /** What is open under a key, or was; undefined when nothing is known of it. */
  identityOf(key: Key): Identity | undefined {
    const fd = this.#fds.get(key);
    return fd === undefined ? this.#closed?.get(key) : identityOf(fd);
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
    doAll([...this.#fds.keys()].map((key) => () => this.drop(key)));
  }

  #openChecked(key: Key): number {
    if (this.#failures.has(key)) throw this.#failures.get(key);
    const fd = this.#open(key);
    const before = this.#closed?.get(key);
    if (before)
      closingOnFailure(
        () => checkIsSame(before, fd),
        () => fs.closeSync(fd),
      );
    return fd;
  }

  #makeRoom(key: Key): void {
    if (this.#closed && !this.#closed.get(key)) {
      this.#closed.set(key, () => identityOf(this.#fds.get(key)!));
    }
    try {
      this.drop(key);
    } catch (thrown) {
      this.#failures.set(key, thrown);
    }
  }

  #isFull(): boolean {
    const { size } = this.#fds;
    return size > this.#maxCount || (heldCount > roomCount && size > leastCount);
  }
}

/** @throws PATH when what is open is something else */
function checkIsSame(before: Identity, fd: number): void {
  if (isStillSame(before, identityOf(fd), fd)) return;
  throw new SyncError("PATH", "something else took the place of a file or directory that is in use");
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
