import fs from "node:fs";
import path from "node:path";
import { closingAfter } from "../../../bytes/closing.ts";
import { makeDirs } from "../../../bytes/make-dirs.node.ts";
import { SyncError } from "../../../errors.ts";
import { stagingName } from "../../entry/staging-name.ts";
import type { Keep } from "../../plan/keep.ts";
import {
  nativePath,
  placeBytes,
  printPath,
  type ByteString,
  type PlacePath,
} from "../calls/byte-string.node.ts";
import { DirNode } from "../calls/dir-node.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { HeldDirs } from "../calls/held-dirs.node.ts";
import { removeFile } from "../calls/remove-file.node.ts";
import { mayGive } from "../facts/owners.node.ts";

/** True for a path that does not lead out of the destination, which links there do not either. */
export function staysInside(place: PlacePath): boolean {
  return isInside(normalized(place));
}

function isInside(normal: ByteString): boolean {
  return !normal.startsWith("/") && !/^\.\.(?:\/|$)/.test(normal);
}

function normalized(place: PlacePath): ByteString {
  return path.posix.normalize(placeBytes(place)).replace(/(?<=.)\/$/, "");
}

/** What a directory is, whatever its path. */
export type DirIdentity = Pick<FileStats, "device" | "inode">;

/** Where the paths of such directories begin. */
export interface SideDirBase {
  /** Its directories; absent where it is not there yet. */
  readonly held?: HeldDirs;
  /** Its path, from the top of the file system on. */
  readonly rootPath: ByteString;
  /** Whether directories that are made have the owners and groups of those of the tree. */
  readonly keep?: Keep | undefined;
}

/**
 * A directory that a destination works with besides its tree, at a path that begins in it. One that
 * lies below it is reached without following any link, for a peer may have named it; links on the
 * way to any other are followed.
 */
export class SideDir {
  readonly #base: SideDirBase;
  readonly #path: ByteString;
  readonly #isInside: boolean;
  #opened: { readonly held: HeldDirs; readonly dir: DirNode } | undefined;
  #wasThere: boolean | undefined;
  #identity: DirIdentity | undefined;
  /** By directory of the tree. */
  readonly #dirs = new WeakMap<DirNode, DirNode>();
  /** Directories of the tree that have none of their path here. */
  readonly #missing = new WeakSet<DirNode>();

  /** @throws PATH for one in what sessions stage */
  constructor(base: SideDirBase, place: PlacePath) {
    this.#base = base;
    this.#path = normalized(place);
    if (this.#path.split("/").includes(stagingName))
      throw new SyncError("PATH", "this name is reserved", { detail: { path: printPath(this.#path) } });
    this.#isInside = isInside(this.#path);
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

  /** The directory there that has the path of one of the tree; undefined where there is none. */
  dirFor(dir: DirNode): DirNode | undefined {
    if (!dir.parent) return this.#isThere() ? this.#open().dir : undefined;
    const known = this.#dirs.get(dir);
    if (known || this.#missing.has(dir)) return known;
    const parent = this.dirFor(dir.parent);
    const stats = parent && this.held.look(parent, dir.name);
    if (stats?.kind === "dir") return this.#note(dir, new DirNode(parent, dir.name));
    this.#missing.add(dir);
    return undefined;
  }

  /**
   * The same; what is missing on the way is made, with the modes that directories of the tree have,
   * and their owners where these are kept.
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
    const stats = this.#tree.lookAtDir(dir);
    const held = this.held;
    const kind = held.look(parent, dir.name)?.kind;
    if (kind !== undefined && kind !== "dir")
      held.writeIn(parent, () => removeFile(held, { dir: parent, name: dir.name }));
    if (kind !== "dir" && makeDir(held, parent, dir.name, (stats.mode & 0o777) | 0o700))
      this.#giveAway(parent, dir.name, stats);
    return this.#note(dir, new DirNode(parent, dir.name));
  }

  close(): void {
    if (this.#opened?.held !== this.#base.held) this.#opened?.held.close();
    this.#opened = undefined;
  }

  /** Looks once whether the directory is there. */
  #isThere(): boolean {
    try {
      return (this.#wasThere ??= this.#open().held.lookAtDir(this.#open().dir).kind === "dir");
    } catch (thrown) {
      if (!isErrno(thrown, "ENOENT", "ENOTDIR", "ELOOP")) throw thrown;
      return (this.#wasThere = false);
    }
  }

  /** Gives a directory that was made the owner and group of another, as far as that may be. */
  #giveAway(parent: DirNode, name: ByteString, { owner, group }: FileStats): void {
    const { keep = {} } = this.#base;
    if (keep.fakeSuper === "receiver") return;
    const uid = keep.owner === true && mayGive.user() ? owner : unchangedId;
    const gid = keep.group === true && mayGive.group(group) ? group : unchangedId;
    if (uid === unchangedId && gid === unchangedId) return;
    const to = this.held;
    to.writeIn(parent, () => fs.lchownSync(to.at(parent, name), uid, gid));
  }

  #note(dir: DirNode, here: DirNode): DirNode {
    this.#dirs.set(dir, here);
    return here;
  }

  get #tree(): HeldDirs {
    if (this.#base.held) return this.#base.held;
    throw new SyncError("STATE", "the destination is not there yet");
  }

  #open(): { readonly held: HeldDirs; readonly dir: DirNode } {
    if (this.#opened) return this.#opened;
    if (this.#isInside && this.#base.held) this.#opened = { held: this.#tree, dir: this.#dirBelow() };
    else {
      const held = new HeldDirs(nativePathBytes(this.#absolute()));
      held.seenAs = this.#base.held?.seenAs;
      this.#opened = { held, dir: held.root };
    }
    return this.#opened;
  }

  #dirBelow(): DirNode {
    return this.#names.reduce((parent, name) => new DirNode(parent, name), this.#tree.root);
  }

  #make(): void {
    if (!this.#isInside) return makeDirs(printPath(this.#absolute()));
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
    return this.#path.startsWith("/") ? this.#path : path.posix.join(this.#base.rootPath, this.#path);
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

/** What chown(2) takes for an owner that is to stay. */
const unchangedId = -1;

/** Returns false where something is there already. */
function makeDir(held: HeldDirs, parent: DirNode, name: ByteString, mode: number): boolean {
  try {
    held.writeIn(parent, () => fs.mkdirSync(held.at(parent, name), mode));
    return true;
  } catch (thrown) {
    if (!isErrno(thrown, "EEXIST")) throw thrown;
    return false;
  }
}

function nativePathBytes(place: ByteString): PlacePath {
  return Buffer.from(place, "latin1");
}
