import fs from "node:fs";
import { SyncError } from "../errors.ts";
import type { ByteString, NativePath } from "./byte-string.node.ts";
import { isErrno } from "./file-trouble.node.ts";
import type { DirNode, HeldDirs } from "./held-dirs.node.ts";
import { firstDirMode, setMode, setPathMetadata, type Metadata } from "./metadata.node.ts";

/** A directory, and what it is to look like in the end. */
interface Wanted extends Metadata {
  readonly entry: number;
  readonly dir: DirNode;
}

/** The directories of a tree that is received: made at once, dressed at the end, the deepest first. */
export class TargetDirs {
  readonly #held: HeldDirs;
  /** The directories on the way to the last entry, by depth; undefined where one could not be had. */
  #open: (DirNode | undefined)[] = [];
  readonly #wanted: Wanted[] = [];

  constructor(held: HeldDirs) {
    this.#held = held;
  }

  /** The directory that an entry of this depth lies in; undefined when it could not be had. */
  parentAt(depth: number): DirNode | undefined {
    return depth === 0 ? this.#held.root : this.#open[depth - 1];
  }

  /** An entry of this depth comes: directories of this depth, and below, are done with. */
  leave(depth: number): void {
    this.#open.length = Math.min(this.#open.length, depth);
  }

  /** The root itself is an entry. */
  enterRoot(entry: number, metadata: Metadata): void {
    this.#enter(entry, 0, this.#held.root, metadata);
  }

  /** Makes a directory unless it is there; what else stands in its place is removed, a link never followed. */
  make(entry: number, depth: number, parent: DirNode, name: ByteString, metadata: Metadata): void {
    const path = this.#held.at(parent, name);
    const stats = parent.isNew ? undefined : this.#held.look(parent, name);
    const isNew = stats?.kind !== "dir";
    if (!isNew) {
      // To work in it; its own mode comes at the end.
      if ((stats.mode & 0o700) !== 0o700) setMode(path, (stats.mode & 0o777) | 0o700);
    } else {
      if (stats) fs.unlinkSync(path);
      fs.mkdirSync(path, firstDirMode(metadata));
    }
    this.#enter(entry, depth, { parent, name, isNew }, metadata);
  }

  /** Sets the mode and time of all directories. What fails is told, and does not stop the others. */
  *dress(): Generator<{ readonly entry: number; readonly dir: DirNode; readonly trouble?: unknown }> {
    for (let wanted = this.#wanted.pop(); wanted; wanted = this.#wanted.pop()) {
      const { dir, entry } = wanted;
      try {
        this.#dressOne(dir, wanted);
        yield { entry, dir };
      } catch (trouble) {
        yield { entry, dir, trouble };
      }
    }
  }

  #enter(entry: number, depth: number, dir: DirNode, { mode, mtimeSec, mtimeNsec }: Metadata): void {
    this.#open[depth] = dir;
    this.#wanted.push({ entry, dir, mode, mtimeSec, mtimeNsec });
  }

  #dressOne(dir: DirNode, wanted: Metadata): void {
    const { parent, name } = dir;
    const stats = parent ? this.#held.look(parent, name) : this.#held.lookAtDir(dir);
    if (stats?.kind !== "dir") throw new SyncError("VANISHED", "the directory is gone");
    setPathMetadata(parent ? this.#held.at(parent, name) : this.#held.pathTo(dir), stats, wanted);
  }
}

/** Throws unless a directory is empty, or there is none. */
export function checkEmpty(path: NativePath): void {
  try {
    const dir = fs.opendirSync(path as string);
    const first = dir.readSync();
    dir.closeSync();
    if (first)
      throw Object.assign(new Error("ENOTEMPTY: a directory that is not empty is in the way"), notEmpty);
  } catch (thrown) {
    if (!isErrno(thrown, "ENOENT")) throw thrown;
  }
}

const notEmpty = { code: "ENOTEMPTY", syscall: "rmdir" };
