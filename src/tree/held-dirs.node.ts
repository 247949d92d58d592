import fs from "node:fs";
import { SyncError } from "../errors.ts";
import {
  fromByteString,
  nativePath,
  printPath,
  type ByteString,
  type NativePath,
} from "./byte-string.node.ts";

/** A directory below the root; the root is the one without a parent. */
export interface DirNode {
  readonly parent: DirNode | undefined;
  readonly name: ByteString;
}

/** Directories held open at once, per tree. */
const maxHeldCount = 64;

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;
/** Opens a place in the tree without any right to its content. Linux only. */
export const O_PATH = process.platform === "linux" ? 0o10000000 : O_RDONLY;

/**
 * The directories of one tree, reached from its root without following any link.
 *
 * Node has no `openat`. On Linux the path /proc/self/fd/N/name serves instead: it starts in the directory that
 * was opened, wherever that has been moved and whatever stands at its old path. So a directory that is swapped
 * for a link, before or while we work, leads nowhere: the call fails. Elsewhere each use compares the directory
 * at the path with the one held, which leaves a moment in between.
 */
export class HeldDirs {
  readonly root: DirNode = { parent: undefined, name: "" };
  readonly #rootPath: string;
  /** Open directories, the one used longest ago first. */
  readonly #fds = new Map<DirNode, number>();
  readonly #rootFd: number;
  #last: DirNode = this.root;
  #lastFd: number;

  /** @param rootPath a directory; links in it are followed, once, now */
  constructor(rootPath: string) {
    this.#rootFd = fs.openSync(rootPath, O_RDONLY | O_DIRECTORY);
    this.#lastFd = this.#rootFd;
    this.#rootPath = fs.realpathSync(rootPath);
  }

  /** The path of a name in a directory, good for one call, made at once. Throws when the way there is gone. */
  at(dir: DirNode, name: ByteString): NativePath {
    return nativePath(`${this.#pathOf(dir)}/${name}`);
  }

  /** The path of a directory, good for one call, made at once. */
  pathTo(dir: DirNode): NativePath {
    return nativePath(`${this.#pathOf(dir)}/.`);
  }

  /** False when another directory stands at the root's path now. */
  isRootInPlace(): boolean {
    const now = fs.statSync(this.#rootPath, { bigint: true, throwIfNoEntry: false });
    return now !== undefined && isSame(now, fs.fstatSync(this.#rootFd, { bigint: true }));
  }

  close(): void {
    for (const fd of this.#fds.values()) fs.closeSync(fd);
    this.#fds.clear();
    fs.closeSync(this.#rootFd);
  }

  #pathOf(dir: DirNode): ByteString {
    const fd = this.#fdOf(dir);
    return hasProc ? `/proc/self/fd/${fd}` : this.#checkedPath(dir, fd);
  }

  #checkedPath(dir: DirNode, fd: number): ByteString {
    const path = Buffer.from(this.#rootPath).toString("latin1") + pathBelow(dir);
    const there = fs.lstatSync(nativePath(path), { bigint: true });
    if (isSame(there, fs.fstatSync(fd, { bigint: true }))) return path;
    throw new SyncError("PATH", "a directory was replaced while in use", {
      detail: { path: printPath(path) },
    });
  }

  #fdOf(dir: DirNode): number {
    if (dir === this.#last) return this.#lastFd;
    const fd = dir.parent ? this.#hold(dir, dir.parent) : this.#rootFd;
    this.#last = dir;
    return (this.#lastFd = fd);
  }

  #hold(dir: DirNode, parent: DirNode): number {
    let fd = this.#fds.get(dir);
    if (fd === undefined) {
      fd = fs.openSync(this.at(parent, dir.name), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    } else {
      this.#fds.delete(dir);
    }
    this.#fds.set(dir, fd);
    if (this.#fds.size > maxHeldCount) this.#letGoOldest();
    return fd;
  }

  #letGoOldest(): void {
    const [oldest, fd] = this.#fds.entries().next().value!;
    this.#fds.delete(oldest);
    if (oldest === this.#last) ((this.#last = this.root), (this.#lastFd = this.#rootFd));
    fs.closeSync(fd);
  }
}

/** The path from the root down to a directory, each name with a slash before it. */
export function pathBelow(dir: DirNode): ByteString {
  return dir.parent ? `${pathBelow(dir.parent)}/${dir.name}` : "";
}

/** The path of a name in a directory, from the root, as text for messages. */
export function printPlace(dir: DirNode, name: ByteString): string {
  return fromByteString(`${pathBelow(dir)}/${name}`.slice(1)).toString();
}

const hasProc = fs.existsSync("/proc/self/fd");

function isSame(a: fs.BigIntStats, b: fs.BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
