import fs from "node:fs";
import { closingOnFailure } from "../../../bytes/closing.ts";
import { SyncError } from "../../../errors.ts";
import type { Backups } from "./backups.node.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { Metadata } from "../../plan/comparison.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { printPlace, DirNode, type NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { firstDirMode } from "../facts/metadata.node.ts";
import { removeFile } from "../calls/remove-file.node.ts";
import type { Staging } from "./staging.node.ts";
import { lookInto } from "./standing.node.ts";
import type { EntryKind } from "../../entry/entry.ts";
import type { Bytes } from "../../../types.ts";

/** What takes the place of something of another kind. */
export interface Replacement {
  readonly entry: number;
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly kind: EntryKind;
  /** Bytes of a file's content. */
  readonly size: number;
  /** What a link holds. */
  readonly target?: Bytes | undefined;
  /** The first name of the file that it becomes a further one of. */
  readonly linkedTo?: NameIn | undefined;
}

/** One that waits, and where. */
interface Waiting extends Replacement {
  readonly temp: NameIn;
}

/** How one of them fared. */
export interface Replaced extends Replacement {
  readonly trouble?: unknown;
}

/**
 * What cannot take its place before the end. A directory in the place of something else is built
 * aside until all that belongs into it is there. A file or link in the place of a directory waits
 * for what is in that to be deleted.
 */
export class Replacements {
  readonly #held: HeldDirs;
  readonly #staging: Staging;
  readonly #backups: Backups | undefined;
  readonly #dirs: (Waiting & { readonly node: DirNode })[] = [];
  readonly #leaves: Waiting[] = [];
  /** The entries of these. */
  readonly #waitingLeaves = new Set<number>();

  constructor(held: HeldDirs, staging: Staging, backups?: Backups) {
    this.#held = held;
    this.#backups = backups;
    this.#staging = staging;
  }

  /** Makes a directory that is to take the place of what stands at a name. */
  makeDir(entry: number, dir: DirNode, name: ByteString, metadata: Metadata): DirNode {
    const temp = this.#makeDirFor(dir, name, firstDirMode(metadata));
    const node = new DirNode(dir, name, { isNew: true, aside: temp });
    this.#dirs.push({ entry, dir, name, kind: "dir", size: 0, temp, node });
    return node;
  }

  /** Makes it where a rename will put it in its place. */
  #makeDirFor(dir: DirNode, name: ByteString, mode: number): NameIn {
    const temp = this.#staging.newName(dir, name);
    const make = (at: NameIn): void => fs.mkdirSync(this.#held.at(at.dir, at.name), mode);
    make(temp);
    if (this.#leadsTo(temp, dir, name)) return temp;
    fs.rmdirSync(this.#held.at(temp.dir, temp.name));
    const inside = this.#staging.inside(dir).newName(dir, name);
    make(inside);
    return inside;
  }

  /** False where no rename of a directory leads: over what is none it fails in another way. */
  #leadsTo(temp: NameIn, dir: DirNode, name: ByteString): boolean {
    try {
      this.#held.rename(temp.dir, temp.name, dir, name);
    } catch (thrown) {
      return !isErrno(thrown, "EXDEV");
    }
    // What stood there is gone.
    this.#held.rename(dir, name, temp.dir, temp.name);
    return true;
  }

  /** A file or link that is complete waits for the directory at its name to be emptied. */
  wait(leaf: Replacement, temp: NameIn): void {
    const { entry, dir, name, kind, size, target, linkedTo } = leaf;
    this.#leaves.push({ entry, dir, name, kind, size, target, linkedTo, temp });
    this.#waitingLeaves.add(entry);
  }

  /** True for a file or link that waits. */
  isWaiting(entry: number): boolean {
    return this.#waitingLeaves.has(entry);
  }

  /** Puts the directories in their places. */
  *putDirs(): Generator<Replaced> {
    for (const waiting of this.#dirs.splice(0)) yield settled(waiting, () => this.#putDir(waiting));
  }

  /** Puts files and links in the places of directories that are empty by now. */
  *putLeaves(): Generator<Replaced> {
    for (const waiting of this.#leaves.splice(0)) yield settled(waiting, () => this.#putLeaf(waiting));
  }

  #putDir({ dir, name, temp, node }: Waiting & { readonly node: DirNode }): void {
    const there = this.#held.look(dir, name);
    if (there?.kind === "dir") throw new SyncError("CHANGED", "another directory was made there meanwhile");
    if (there) this.#backups?.keep({ dir, name });
    if (there) this.#held.exchange(temp.dir, temp.name, dir, name);
    else this.#held.rename(temp.dir, temp.name, dir, name);
    node.aside = undefined;
    removeFile(this.#held, temp);
  }

  #putLeaf({ dir, name, temp }: Waiting): void {
    const put = (): void => {
      const there = new DirNode(dir, name);
      const isDir = this.#held.look(dir, name)?.kind === "dir";
      const mode = isDir ? this.#held.openUp(there) : undefined;
      if (putOverDir(this.#held, temp, dir, name)) return;
      if (mode !== undefined) this.#held.setDirMode(there, mode);
      throw inTheWay(printPlace(dir, name));
    };
    closingOnFailure(put, () => removeFile(this.#held, temp));
  }
}

/**
 * Puts a file or link in the place of a directory that is empty, if it is there: in one step where
 * the system can, so that one of them has the name at any time. Returns false, and nothing is done,
 * for a directory that is not empty.
 *
 * @throws EXDEV where no rename leads, before that would matter
 */
export function putOverDir(held: HeldDirs, temp: NameIn, dir: DirNode, name: ByteString): boolean {
  try {
    held.rename(temp.dir, temp.name, dir, name);
    return true; // the directory is gone
  } catch (thrown) {
    if (!isErrno(thrown, "EISDIR")) throw thrown;
  }
  if (lookInto(held, dir, name) !== "empty") return false;
  try {
    held.exchange(temp.dir, temp.name, dir, name);
  } catch (thrown) {
    if (!isErrno(thrown, "EACCES", "EPERM", "EXDEV")) throw thrown;
    return putAfterDir(held, temp, dir, name);
  }
  if (removeDirIfEmpty(held, temp)) return true;
  held.exchange(temp.dir, temp.name, dir, name);
  return false;
}

/**
 * The same where the directory may be removed, but not moved: this user may not write in it, or it
 * is in the lower layer of an overlay.
 */
function putAfterDir(held: HeldDirs, temp: NameIn, dir: DirNode, name: ByteString): boolean {
  if (!removeDirIfEmpty(held, { dir, name })) return false;
  closingOnFailure(
    () => held.rename(temp.dir, temp.name, dir, name),
    () => fs.mkdirSync(held.at(dir, name)),
  );
  return true;
}

function removeDirIfEmpty(held: HeldDirs, { dir, name }: NameIn): boolean {
  try {
    held.writeIn(dir, () => fs.rmdirSync(held.at(dir, name)));
    return true;
  } catch (thrown) {
    if (isErrno(thrown, "ENOTEMPTY", "EEXIST")) return false;
    throw thrown;
  }
}

/** Why a file or link cannot take its place. */
export function inTheWay(path: string, hint = ""): SyncError {
  return new SyncError("IO", `a directory that is not empty is in the way${hint}`, { detail: { path } });
}

function settled(waiting: Waiting, put: () => void): Replaced {
  try {
    put();
    return waiting;
  } catch (trouble) {
    return { ...waiting, trouble };
  }
}
