import fs from "node:fs";
import { closingAfter, closingOnFailure, doAll } from "../../../bytes/closing.ts";
import { exchangeAt, openAt, renameAt, type NameAt } from "./call-at.node.ts";
import { namesIn } from "./dir-names.node.ts";
import type { FactPlace } from "./fact-place.node.ts";
import { DirNode, placeBelow, volumeOf, groupHandedOn } from "./dir-node.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import { lookAt, lookAtHandle, readStats } from "./look-at.node.ts";
import { isErrno } from "./file-trouble.node.ts";
import { readFully } from "./file-cut.node.ts";
import { maxLinkTargetBytes } from "../../entry/entry-order.ts";
import type { Bytes } from "../../../types.ts";
import { GivenPath, isSameInode, realPath } from "./given-path.node.ts";
import { HandleCache } from "./handle-cache.node.ts";
import { identityOf, isStillSame } from "./identity.node.ts";
import {
  forbidsOwnerToLook,
  forbidsOwnerToWrite,
  ownerLookBits,
  ownerWriteBits,
} from "./owner-rights.node.ts";
import { SyncError } from "../../../errors.ts";
import {
  nativePath,
  placeBytes,
  printPath,
  takesAnyBytes,
  type ByteString,
  type NativePath,
  type PlacePath,
} from "./byte-string.node.ts";
import { readFlags } from "../../../bytes/open-flags.node.ts";

/** Directories held open at once, per tree. */
const maxHeldCount = 64;

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;
/** Opens a place in the tree without any right to its content. Linux only. */
export const O_PATH = process.platform === "linux" ? 0o10000000 : O_RDONLY;

const dirFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW;

/**
 * The directories of one tree, reached from its root without following any link.
 *
 * Node has no `openat`. On Linux the path /proc/self/fd/N/name serves instead: it starts in the
 * directory that was opened, wherever that has been moved and whatever stands at its old path. So a
 * directory that is swapped for a link, before or while we work, leads nowhere: the call fails. One
 * that was closed for want of room is opened again only when it is the same. Elsewhere each use
 * compares the directory at the path with the one held, which leaves a moment in between.
 */
export class HeldDirs {
  readonly root: DirNode;
  /** Where the root was when it was opened; no part of it was a link. */
  readonly rootPath: ByteString;
  readonly #given: GivenPath;
  /** True to read files without a change of their access times, where this user may do that. */
  keepsAccess = false;
  /** What is seen in the place of what is there, where that is something else. */
  seenAs: ((stats: FileStats, place: FactPlace) => FileStats) | undefined;
  readonly #handles = new HandleCache<DirNode>(
    maxHeldCount,
    (dir) => this.open(dir.aside?.dir ?? dir.parent!, dir.aside?.name ?? dir.name, flagsFor(dir)),
    { get: ({ closed }) => closed, set: (dir, identify) => void (dir.closed = dir.seen ?? identify()) },
  );
  /** What `hold` gave. */
  readonly #held = new Set<DirNode>();

  /**
   * @param rootPath a directory; links in this path are followed, once, now
   * @param follow false to refuse a link at its end
   */
  constructor(rootPath: PlacePath, follow = true) {
    this.#given = new GivenPath(rootPath, follow);
    const fd = fs.openSync(nativePath(this.#given.path), O_RDONLY | O_DIRECTORY | (follow ? 0 : O_NOFOLLOW));
    const open = (): [root: DirNode, path: ByteString] => {
      const stats = lookAtHandle(fd);
      const root = new DirNode(undefined, "", {
        fd,
        volume: volumeOf(stats),
        handedOn: groupHandedOn(stats),
      });
      return [root, realPath(placeBytes(rootPath))];
    };
    [this.root, this.rootPath] = closingOnFailure(open, () => fs.closeSync(fd));
    rootPaths.set(this.root, this.rootPath);
  }

  /**
   * The path of a name in a directory, good for one call, made at once. Throws when the way there
   * is gone.
   */
  at(dir: DirNode, name: ByteString): NativePath {
    return nativePath(`${this.#pathOf(dir)}/${name}`);
  }

  /** The same as a name beside the handle of its directory. */
  nameAt(dir: DirNode, name: ByteString): NameAt {
    return new HeldName(this, dir, this.#fdOf(dir), name);
  }

  /** The same as a place that facts are read and set at. @param isBehindLink to follow a link */
  factsAt(dir: DirNode, name: ByteString, isBehindLink = false): FactPlace {
    return { dirFd: this.#fdOf(dir), name, path: () => this.at(dir, name), isHandle: isBehindLink };
  }

  /** What a name in a directory is, a link being a link; undefined when nothing is there. */
  look(dir: DirNode, name: ByteString): FileStats | undefined {
    const stats = lookAt(this.nameAt(dir, name));
    return stats && this.seenAs ? this.seenAs(stats, this.factsAt(dir, name)) : stats;
  }

  /**
   * Looks at what is there, whatever is seen in its place, without an object (see `readStats`).
   * False when nothing is.
   */
  readStats(words: Uint32Array, dir: DirNode, name: ByteString): boolean {
    return readStats(words, this.nameAt(dir, name));
  }

  /** The names in a directory, in any order. */
  names(dir: DirNode): ByteString[] {
    return namesIn(this.nameAt(dir, "."));
  }

  /** What a link holds. */
  readLink(dir: DirNode, name: ByteString): Bytes {
    try {
      return fs.readlinkSync(this.at(dir, name), { encoding: "buffer" });
    } catch (thrown) {
      if (!isErrno(thrown) && !takesAnyBytes)
        throw new SyncError("UNSUPPORTED", "Deno reads no link that is not UTF-8", { cause: thrown });
      // What is seen as a link is a file with its text.
      if (!this.seenAs || !isErrno(thrown, "EINVAL")) throw thrown;
      return this.#readText(dir, name);
    }
  }

  #readText(dir: DirNode, name: ByteString): Bytes {
    const fd = this.open(dir, name, readFlags);
    const text = Buffer.alloc(maxLinkTargetBytes + 1);
    return closingAfter(
      () => text.subarray(0, readFully(fd, text, 0)),
      () => fs.closeSync(fd),
    );
  }

  /** Opens a name in a directory, with flags as of open(2). The caller closes it. */
  open(dir: DirNode, name: ByteString, flags: number, mode = 0): number {
    const at = this.nameAt(dir, name);
    return this.keepsAccess && isReading(flags) ? openUnnoticed(at, flags) : openAt(at, flags, mode);
  }

  /** Gives what is in a directory that is held open another name, anywhere in the tree. */
  rename(fromDir: DirNode, from: ByteString, toDir: DirNode, to: ByteString): void {
    // The way down to a deep directory may close handles that were used before, but none that is
    // held.
    const rename = (): void => {
      const now = this.nameAt(toDir, to);
      renameAt(this.nameAt(fromDir, from), now);
    };
    this.#writeInAll([fromDir, toDir], rename);
  }

  /**
   * Puts what has one name in the place of what has another, which then has the first. In one step
   * where the system can, otherwise with a third name beside the first.
   */
  exchange(fromDir: DirNode, from: ByteString, toDir: DirNode, to: ByteString): void {
    const exchange = (): boolean => {
      const now = this.nameAt(toDir, to);
      return exchangeAt(this.nameAt(fromDir, from), now);
    };
    if (this.#writeInAll([fromDir, toDir], exchange)) return;
    const spare = `${from}.old`;
    this.rename(toDir, to, fromDir, spare);
    try {
      this.rename(fromDir, from, toDir, to);
    } catch (thrown) {
      this.rename(fromDir, spare, toDir, to);
      throw thrown;
    }
    this.rename(fromDir, spare, fromDir, from);
  }

  /**
   * Does what makes, renames or removes names in a directory. One of this user whose mode forbids
   * that is writable for just that long.
   */
  writeIn<Result>(dir: DirNode, work: () => Result): Result {
    return this.#writeInAll([dir], work);
  }

  #writeInAll<Result>(dirs: readonly DirNode[], work: () => Result): Result {
    for (const dir of dirs) dir.isWritten = true;
    try {
      return work();
    } catch (thrown) {
      if (!isErrno(thrown, "EACCES")) throw thrown;
      const closed = dirs.map((dir) => ({ dir, ...this.lookAtDir(dir) })).filter(forbidsOwnerToWrite);
      if (closed.length === 0) throw thrown;
      const close = (): void =>
        doAll(
          closed.map(
            ({ dir, mode }) =>
              () =>
                this.setDirMode(dir, mode),
          ),
        );
      const writeOpened = (): Result => {
        for (const { dir, mode } of closed) this.setDirMode(dir, mode | ownerWriteBits);
        return work();
      };
      return closingAfter(writeOpened, close);
    }
  }

  /**
   * Lets this user see what is in a directory of its own whose mode forbids that. Returns the mode
   * that it had; undefined when it has it still.
   */
  openUp(dir: DirNode): number | undefined {
    const stats = this.lookAtDir(dir);
    if (!forbidsOwnerToLook(stats)) return undefined;
    this.setDirMode(dir, stats.mode | ownerLookBits);
    return stats.mode;
  }

  /** Sets the mode of a directory, through its handle where that is possible. */
  setDirMode(dir: DirNode, mode: number): void {
    fs.chmodSync(nativePath(this.#pathOf(dir)), mode);
  }

  /** Sets the group of a directory in the same way. */
  setDirGroup(dir: DirNode, group: number): void {
    fs.chownSync(nativePath(this.#pathOf(dir)), -1, group);
  }

  /** Opens a directory to stay open, so that it is never looked for by its name again. */
  hold(parent: DirNode, name: ByteString): DirNode {
    const dir = new DirNode(parent, name, { fd: this.open(parent, name, dirFlags) });
    this.#held.add(dir);
    return dir;
  }

  /** Closes a directory that `hold` gave. */
  letGo(dir: DirNode): void {
    if (this.#held.delete(dir)) fs.closeSync(dir.fd!);
  }

  /** Says that a directory is left: nothing is remembered of one that was not opened. */
  leave(dir: DirNode): void {
    if (!this.#handles.has(dir)) dir.seen = undefined;
  }

  /** False when what stands at the name of a directory that was used is not the same any more. */
  isInPlace(dir: DirNode, now: FileStats): boolean {
    const used = dir.fd === undefined ? this.#handles.identityOf(dir) : identityOf(dir.fd);
    return used === undefined || isStillSame(used, now, this.#fdOf(dir.top));
  }

  /** What a directory is. */
  lookAtDir(dir: DirNode): FileStats {
    const stats = lookAtHandle(this.#fdOf(dir));
    return this.seenAs ? this.seenAs(stats, { ...this.factsAt(dir, "."), isHandle: true }) : stats;
  }

  /** The path of a directory, good for one call, made at once. */
  pathTo(dir: DirNode): NativePath {
    return nativePath(`${this.#pathOf(dir)}/.`);
  }

  /** False when the path that was given leads to something else now, or nowhere. */
  isRootInPlace(): boolean {
    return this.#given.leadsTo(this.root.fd!);
  }

  close(): void {
    const letGoAll = [...this.#held].map((dir) => () => this.letGo(dir));
    doAll([() => this.#handles.close(), ...letGoAll, () => fs.closeSync(this.root.fd!)]);
  }

  #pathOf(dir: DirNode): ByteString {
    const fd = this.#fdOf(dir);
    return hasProc ? `/proc/self/fd/${fd}` : this.#checkedPath(dir, fd);
  }

  #fdOf(dir: DirNode): number {
    return dir.fd ?? this.#handles.get(dir);
  }

  #checkedPath(dir: DirNode, fd: number): ByteString {
    const path = rootPaths.get(rootOf(dir))! + placeBelow(dir);
    const there = fs.lstatSync(nativePath(path), { bigint: true });
    if (isSameInode(there, fs.fstatSync(fd, { bigint: true }))) return path;
    throw new SyncError("PATH", "a directory was replaced while in use", {
      detail: { path: printPath(path) },
    });
  }
}

/** A name in a directory of which `HeldDirs` has the handle. */
class HeldName implements NameAt {
  readonly dirFd: number;
  readonly name: ByteString;
  readonly #dirs: HeldDirs;
  readonly #dir: DirNode;

  constructor(dirs: HeldDirs, dir: DirNode, dirFd: number, name: ByteString) {
    this.#dirs = dirs;
    this.#dir = dir;
    this.dirFd = dirFd;
    this.name = name;
  }

  path(): NativePath {
    return this.#dirs.at(this.#dir, this.name);
  }
}

/** Only of a directory that was found behind a link that link is followed. */
function flagsFor({ isBehindLink }: DirNode): number {
  return isBehindLink ? dirFlags & ~O_NOFOLLOW : dirFlags;
}

/** Where roots were: a directory may be below the root of another tree. */
const rootPaths = new WeakMap<DirNode, ByteString>();

function rootOf(dir: DirNode): DirNode {
  return dir.parent ? rootOf(dir.parent) : dir;
}

/** Opens a file so that its access time stays. Linux only. */
const O_NOATIME = process.platform === "linux" ? 0o1000000 : 0;

function isReading(flags: number): boolean {
  return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | O_PATH)) === 0;
}

function openUnnoticed(at: NameAt, flags: number): number {
  try {
    return openAt(at, flags | O_NOATIME, 0);
  } catch (thrown) {
    if (!isErrno(thrown, "EPERM")) throw thrown;
    return openAt(at, flags, 0);
  }
}

const hasProc = fs.existsSync("/proc/self/fd");
