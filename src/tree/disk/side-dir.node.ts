import fs from "node:fs";
import path from "node:path";
import { closingAfter } from "../../bytes/closing.ts";
import { nativePath, placeBytes, type ByteString, type PlacePath } from "./byte-string.node.ts";
import { DirNode } from "./dir-node.node.ts";
import { type FileStats, lookAtHandle } from "./file-stats.node.ts";
import { isErrno } from "./file-trouble.node.ts";
import { HeldDirs } from "./held-dirs.node.ts";
import { removeFile } from "./remove-file.node.ts";

/** What a directory is, whatever its path. */
export type DirIdentity = Pick<FileStats, "device" | "inode">;

/**
 * A directory that a destination works with besides its tree, at a path that begins in it. One that
 * lies below it is reached without following any link, for a peer may have named it; links on the
 * way to any other are followed.
 */
export class SideDir {
  readonly #tree: HeldDirs;
  readonly #path: ByteString;
  readonly #isInside: boolean;
  #opened: { readonly held: HeldDirs; readonly dir: DirNode } | undefined;
  #identity: DirIdentity | undefined;
  /** By directory of the tree. */
  readonly #dirs = new WeakMap<DirNode, DirNode>();

  constructor(tree: HeldDirs, place: PlacePath) {
    this.#tree = tree;
    this.#path = path.posix.normalize(placeBytes(place)).replace(/(?<=.)\/$/, "");
    this.#isInside = !this.#path.startsWith("/") && !/^\.\.(?:\/|$)/.test(this.#path);
  }

  /** Where the directory is, once it was needed. @throws what the system says */
  get held(): HeldDirs {
    return this.#open().held;
  }

  /** True when what stands there is this directory. */
  is({ device, inode, kind }: FileStats): boolean {
    if (kind !== "dir") return false;
    this.#identity ??= this.#identify();
    return this.#identity?.device === device && this.#identity.inode === inode;
  }

  /** The directory there that has the path of one of the tree. Nothing is made. */
  dirFor(dir: DirNode): DirNode {
    if (!dir.parent) return this.#open().dir;
    let found = this.#dirs.get(dir);
    if (!found) this.#dirs.set(dir, (found = new DirNode(this.dirFor(dir.parent), dir.name)));
    return found;
  }

  /**
   * The same; what is missing on the way is made, with the modes that directories of the tree have.
   * A file in the way gives way.
   */
  makeDirFor(dir: DirNode): DirNode {
    const known = this.#dirs.get(dir);
    if (known) return known;
    if (!dir.parent) {
      this.#make();
      return this.#open().dir;
    }
    const parent = this.makeDirFor(dir.parent);
    const { mode } = this.#tree.lookAtDir(dir);
    const held = this.held;
    const kind = held.look(parent, dir.name)?.kind;
    if (kind !== undefined && kind !== "dir")
      held.writeIn(parent, () => removeFile(held, { dir: parent, name: dir.name }));
    if (kind !== "dir") makeDir(held, parent, dir.name, (mode & 0o777) | 0o700);
    return this.dirFor(dir);
  }

  close(): void {
    if (!this.#isInside) this.#opened?.held.close();
    this.#opened = undefined;
  }

  #open(): { readonly held: HeldDirs; readonly dir: DirNode } {
    if (this.#opened) return this.#opened;
    if (this.#isInside) this.#opened = { held: this.#tree, dir: this.#dirBelow() };
    else {
      const held = new HeldDirs(nativePathBytes(this.#absolute()));
      this.#opened = { held, dir: held.root };
    }
    return this.#opened;
  }

  #dirBelow(): DirNode {
    return this.#names.reduce((parent, name) => new DirNode(parent, name), this.#tree.root);
  }

  #make(): void {
    if (!this.#isInside) return void fs.mkdirSync(nativePath(this.#absolute()), { recursive: true });
    let parent = this.#tree.root;
    for (const name of this.#names) {
      makeDir(this.#tree, parent, name, 0o777);
      parent = new DirNode(parent, name);
    }
  }

  get #names(): readonly ByteString[] {
    return this.#path === "." ? [] : this.#path.split("/");
  }

  #absolute(): ByteString {
    return this.#path.startsWith("/") ? this.#path : `${this.#tree.rootPath}/${this.#path}`;
  }

  #identify(): DirIdentity | undefined {
    try {
      const fd = fs.openSync(nativePath(this.#absolute()), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
      return closingAfter(
        () => lookAtHandle(fd),
        () => fs.closeSync(fd),
      );
    } catch (thrown) {
      if (isErrno(thrown)) return undefined;
      throw thrown;
    }
  }
}

function makeDir(held: HeldDirs, parent: DirNode, name: ByteString, mode: number): void {
  try {
    held.writeIn(parent, () => fs.mkdirSync(held.at(parent, name), mode));
  } catch (thrown) {
    if (!isErrno(thrown, "EEXIST")) throw thrown;
  }
}

function nativePathBytes(place: ByteString): PlacePath {
  return Buffer.from(place, "latin1");
}
