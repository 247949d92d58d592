import type { DirNode, NameIn } from "../calls/dir-node.node.ts";
import { pathBelow } from "../calls/dir-node.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { Staging } from "./staging.node.ts";

/** A directory that could not be put in its place. */
interface LeftAside {
  /** From the root. */
  readonly path: string;
  readonly trouble: unknown;
}

/**
 * New directories that files come for. Each is moved into a staging room when the first file is
 * planned in it, and back when those that were planned are there, so that one rename gives all of
 * them their names. What is in a directory meanwhile is complete, or not planned here.
 *
 * A directory is made in its own place before, since it takes the group, the default ACL and the
 * like from the one around it.
 */
export class NewDirs {
  readonly #held: HeldDirs;
  readonly #staging: Staging;
  readonly #mayMove: boolean;
  /** Files that are planned in the directories that are aside. */
  readonly #pendingCounts = new Map<DirNode, number>();

  /** @param mayMove false to leave all directories in their places */
  constructor(held: HeldDirs, staging: Staging, mayMove: boolean) {
    this.#held = held;
    this.#staging = staging;
    this.#mayMove = mayMove;
  }

  /** Says that a file is planned in a directory. */
  expect(dir: DirNode): void {
    const pendingCount = this.#pendingCounts.get(dir);
    if (pendingCount !== undefined) this.#pendingCounts.set(dir, pendingCount + 1);
    else if (this.#mayMove && dir.isNew && !dir.isWritten && !dir.aside && this.#moveAside(dir))
      this.#pendingCounts.set(dir, 1);
  }

  /**
   * Says that a file that was planned in a directory is there, or given up. A directory that cannot
   * be put in its place then is tried once more at the end.
   */
  settle(dir: DirNode): void {
    const pendingCount = this.#pendingCounts.get(dir);
    if (pendingCount === undefined) return;
    this.#pendingCounts.set(dir, pendingCount - 1);
    if (pendingCount > 1) return;
    try {
      this.#putInPlace(dir);
    } catch (thrown) {
      if (!isErrno(thrown)) throw thrown;
    }
  }

  /** Puts those in their places that are aside, whatever was planned. Tells what fails of it. */
  *putAll(): Generator<LeftAside> {
    for (const dir of [...this.#pendingCounts.keys()]) {
      try {
        this.#putInPlace(dir);
      } catch (trouble) {
        yield { path: pathBelow(dir).slice(1), trouble };
      }
    }
    this.#pendingCounts.clear();
  }

  /** Returns false for one that stays: no rename leads into the room, or back. */
  #moveAside(dir: DirNode): boolean {
    const aside = this.#staging.newName(dir.parent!, dir.name);
    try {
      this.#held.rename(dir.parent!, dir.name, aside.dir, aside.name);
    } catch (thrown) {
      if (!isErrno(thrown)) throw thrown;
      return false;
    }
    dir.aside = aside;
    dir.isWritten = true; // by the file that is planned: it is moved once
    return true;
  }

  #putInPlace(dir: DirNode): void {
    const aside: NameIn = dir.aside!;
    this.#held.rename(aside.dir, aside.name, dir.parent!, dir.name);
    dir.aside = undefined;
    this.#pendingCounts.delete(dir);
  }
}
