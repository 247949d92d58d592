import fs from "node:fs";
import { SyncError } from "../errors.ts";
import type { ByteString } from "./byte-string.node.ts";
import type { Metadata } from "./comparison.ts";
import { isErrno } from "./file-trouble.node.ts";
import { printPlace, DirNode, type NameIn } from "./dir-node.node.ts";
import type { HeldDirs } from "./held-dirs.node.ts";
import { firstDirMode } from "./metadata.node.ts";
import { removeFile } from "./remove-file.node.ts";
import type { Staging } from "./staging.node.ts";

/** Something that waits to take the place of something of another kind. */
interface Waiting {
  readonly entry: number;
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly temp: NameIn;
}

/** How one of them fared. */
export interface Replaced {
  readonly entry: number;
  readonly path: string;
  readonly trouble?: unknown;
}

/**
 * What cannot take its place before the end. A directory in the place of something else is built aside until all that belongs
 * into it is there. A file or link in the place of a directory waits for what is in that to be deleted.
 */
export class Replacements {
  readonly #held: HeldDirs;
  readonly #staging: Staging;
  readonly #dirs: (Waiting & { readonly node: DirNode })[] = [];
  readonly #leaves: Waiting[] = [];

  constructor(held: HeldDirs, staging: Staging) {
    this.#held = held;
    this.#staging = staging;
  }

  /** Makes a directory that is to take the place of what stands at a name. */
  makeDir(entry: number, dir: DirNode, name: ByteString, metadata: Metadata): DirNode {
    const temp = this.#staging.newName(dir, name);
    fs.mkdirSync(this.#held.at(temp.dir, temp.name), firstDirMode(metadata));
    const node = new DirNode(dir, name, { isNew: true, aside: temp });
    this.#dirs.push({ entry, dir, name, temp, node });
    return node;
  }

  /** A file or link that is complete waits for the directory at its name to be emptied. */
  wait(entry: number, dir: DirNode, name: ByteString, temp: NameIn): void {
    this.#leaves.push({ entry, dir, name, temp });
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
    if (there) this.#held.exchange(temp.dir, temp.name, dir, name);
    else this.#held.rename(temp.dir, temp.name, dir, name);
    node.aside = undefined;
    removeFile(this.#held, temp);
  }

  #putLeaf({ dir, name, temp }: Waiting): void {
    if (!removeEmpty(this.#held, dir, name)) {
      removeFile(this.#held, temp);
      throw inTheWay(printPlace(dir, name));
    }
    try {
      this.#held.rename(temp.dir, temp.name, dir, name);
    } catch (thrown) {
      fs.mkdirSync(this.#held.at(dir, name));
      removeFile(this.#held, temp);
      throw thrown;
    }
  }
}

/** Removes a directory that is empty, if it is there. Returns false for one that is not empty. */
export function removeEmpty(held: HeldDirs, dir: DirNode, name: ByteString): boolean {
  try {
    held.writeIn(dir, () => fs.rmdirSync(held.at(dir, name)));
    return true;
  } catch (thrown) {
    if (isErrno(thrown, "ENOTEMPTY", "EEXIST")) return false;
    if (isErrno(thrown, "ENOENT")) return true;
    throw thrown;
  }
}

/** Why a file or link cannot take its place. */
export function inTheWay(path: string, hint = ""): SyncError {
  return new SyncError("IO", `a directory that is not empty is in the way${hint}`, { detail: { path } });
}

function settled({ entry, dir, name }: Waiting, put: () => void): Replaced {
  const path = printPlace(dir, name);
  try {
    put();
    return { entry, path };
  } catch (trouble) {
    return { entry, path, trouble };
  }
}
