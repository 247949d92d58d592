import fs from "node:fs";
import { closingOnFailure } from "../../../bytes/closing.ts";
import { DirNode, type NameIn, printDir } from "../calls/dir-node.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { removeDir } from "../calls/remove-file.node.ts";
import { aclNames } from "../facts/acl-form.ts";
import { findXattrCalls } from "../facts/xattr-calls.node.ts";
import { newFlags } from "./put-file.node.ts";
import type { Staging } from "./staging.node.ts";

/** A directory that could not be put in its place. */
interface LeftAside {
  /** From the root. */
  readonly path: string;
  readonly trouble: unknown;
}

/**
 * New directories that files come for. Each that is empty is moved into a staging room when the
 * first file is planned in it, and back when those that were planned are there, so that one rename
 * gives all of them their names. What is in a directory meanwhile is complete, or not planned here.
 *
 * A directory is made in its own place before, since it takes the group, the default ACL and the
 * like from the one around it. One that would hand them on to its files, other than the staging
 * room does, stays: files would differ by where they were made.
 */
export class NewDirs {
  readonly #held: HeldDirs;
  readonly #staging: Staging;
  readonly #mayMove: boolean;
  /** Whether directories can be moved that are not empty, by the top of their file system. */
  readonly #movesFilled = new Map<DirNode, boolean>();
  /** Whether files that are made in a directory are as those that are made in its staging room. */
  readonly #isPlain = new Map<DirNode, boolean>();
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
    if (pendingCount === 1) hasSucceeded(() => this.#putInPlace(dir));
  }

  /** Puts those in their places that are aside, whatever was planned. Tells what fails of it. */
  *putAll(): Generator<LeftAside> {
    for (const dir of [...this.#pendingCounts.keys()]) {
      try {
        this.#putInPlace(dir);
      } catch (trouble) {
        yield { path: printDir(dir), trouble };
      }
    }
    this.#pendingCounts.clear();
  }

  /** Returns false for one that stays, as where somebody else has put something into it. */
  #moveAside(dir: DirNode): boolean {
    if (!this.#canMoveIn(dir) || !this.#makesPlainFiles(dir) || !this.#isEmpty(dir)) return false;
    const aside = this.#staging.newName(dir.parent!, dir.name);
    const move = (): void => this.#held.rename(dir.parent!, dir.name, aside.dir, aside.name);
    if (!hasSucceeded(move)) return false;
    dir.aside = aside;
    dir.isWritten = true; // by the file that is planned: it is moved once
    return true;
  }

  /** What a directory hands on it has from the one around it. */
  #makesPlainFiles(dir: DirNode): boolean {
    const known = this.#isPlain.get(dir);
    if (known !== undefined) return known;
    const isPlain = dir.parent?.isNew === true ? this.#makesPlainFiles(dir.parent) : this.#looksPlain(dir);
    this.#isPlain.set(dir, isPlain);
    return isPlain;
  }

  /** False, too, where nobody can tell. */
  #looksPlain(dir: DirNode): boolean {
    const calls = findXattrCalls();
    const room = this.#staging.newName(dir, "").dir;
    if (!calls || this.#held.lookAtDir(dir).group !== this.#held.lookAtDir(room).group) return false;
    return !calls.list({ ...this.#held.factsAt(dir, "."), isHandle: true }).includes(aclNames.defaultAcl);
  }

  /** Finds out once for a file system whether it moves directories that are not empty. */
  #canMoveIn({ top }: DirNode): boolean {
    const isKnown = this.#movesFilled.get(top);
    if (isKnown !== undefined) return isKnown;
    const canMove = hasSucceeded(() => this.#tryMove(top));
    this.#movesFilled.set(top, canMove);
    return canMove;
  }

  /** Returns false where what was in it is lost on the way, as one driver of FAT does it. */
  #tryMove(top: DirNode): boolean {
    const [from, to] = [this.#staging.newName(top, ""), this.#staging.newName(top, "")];
    fs.mkdirSync(this.#held.at(from.dir, from.name), 0o700);
    const filled = new DirNode(from.dir, from.name);
    const move = (): void => {
      fs.closeSync(this.#held.open(filled, "file", newFlags, 0o600));
      this.#held.rename(from.dir, from.name, to.dir, to.name);
    };
    closingOnFailure(move, () => removeDir(this.#held, from));
    // Listed, since the system remembers for a moment which names were there.
    const isWhole = this.#held.names(new DirNode(to.dir, to.name)).length > 0;
    removeDir(this.#held, to);
    return isWhole;
  }

  #isEmpty(dir: DirNode): boolean {
    return hasSucceeded(() => this.#held.names(dir).length === 0);
  }

  #putInPlace(dir: DirNode): void {
    const aside: NameIn = dir.aside!;
    this.#held.rename(aside.dir, aside.name, dir.parent!, dir.name);
    dir.aside = undefined;
    this.#pendingCounts.delete(dir);
  }
}

/** False when the system refused a call, or the answer was false. */
function hasSucceeded(work: () => boolean | void): boolean {
  try {
    return work() !== false;
  } catch (thrown) {
    if (!isErrno(thrown)) throw thrown;
    return false;
  }
}
