import { type ByteString, printPath } from "./byte-string.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import { identityIn, type Identity } from "./identity.node.ts";

/** A name in a directory. */
export interface NameIn {
  readonly dir: DirNode;
  readonly name: ByteString;
}

/**
 * What tells file systems apart, and places of one that it is mounted at: no rename leads from one
 * to the other.
 */
type Volume = Pick<FileStats, "device" | "mount">;

/** What is known of a directory beside its name. */
type DirFacts = Partial<
  Pick<DirNode, "aside" | "fd" | "handedOn" | "isBehindLink" | "isNew" | "seen" | "volume">
>;

/**
 * A directory below the root; the root is the one without a parent. All have the same fields: every
 * file passes through here.
 */
export class DirNode {
  readonly parent: DirNode | undefined;
  readonly name: ByteString;
  /**
   * True for one that was made in this session: nothing is in it but what the session put there.
   */
  readonly isNew: boolean;
  /** True for one that a link at its name leads to. */
  readonly isBehindLink: boolean;
  /** Where it is while something else has its name, or while it is filled. */
  aside: NameIn | undefined;
  /** The handle of one that is open all the time: the root, and what `hold` gave. */
  readonly fd: number | undefined;
  /**
   * The file system that begins here: of the root, and of a directory that is on another one than
   * its parent.
   */
  readonly volume: Volume | undefined;
  /** The directory of the tree that its file system begins at. */
  readonly top: DirNode;
  /**
   * What it was when it was looked at by its name, as long as that may be needed; not of one that
   * was made in this session.
   */
  seen: Identity | undefined;
  /** What it was when its handle was closed for want of room. */
  closed: Identity | undefined;
  /** A hash of its path, once it was needed. */
  pathHash: number | undefined = undefined;
  /** The group that it handed on to what is made in it, of one that was looked at and did so. */
  readonly handedOn: number | undefined;
  /** The group that it hands on now. */
  handsOn: number | undefined;
  /** True once names in it were made, renamed or removed. */
  isWritten = false;

  constructor(parent: DirNode | undefined, name: ByteString, facts: DirFacts = {}) {
    this.parent = parent;
    this.name = name;
    this.isNew = facts.isNew ?? false;
    this.isBehindLink = facts.isBehindLink ?? false;
    this.aside = facts.aside;
    this.fd = facts.fd;
    this.volume = facts.volume;
    this.top = parent && !facts.volume ? parent.top : this;
    this.seen = facts.seen;
    this.handedOn = facts.handedOn;
    this.handsOn = this.isNew ? parent?.handsOn : this.handedOn;
    this.closed = undefined;
  }
}

/** Set at a directory that hands on its group. */
export const setgidBit = 0o2000;

/** The group that a directory hands on, if it does; all do on macOS. */
export function groupHandedOn({ mode, group }: Pick<FileStats, "group" | "mode">): number | undefined {
  return (mode & setgidBit) !== 0 || process.platform === "darwin" ? group : undefined;
}

/** A directory that is there, below another. */
export function dirBelow(
  parent: DirNode,
  name: ByteString,
  stats: FileStats & Pick<DirFacts, "isBehindLink">,
): DirNode {
  const { volume } = parent.top;
  const seen = identityIn(stats);
  const { isBehindLink = false } = stats;
  return new DirNode(parent, name, {
    handedOn: groupHandedOn(stats),
    seen,
    isBehindLink,
    ...(!isSameVolume(volume, stats) && { volume: volumeOf(stats) }),
  });
}

/** The file system that something lies on. */
export function volumeOf({ device, mount }: FileStats): Volume {
  return { device, mount };
}

/** True for one file system that is mounted at one place, and where neither is known. */
export function isSameVolume(one: Volume | undefined, other: Volume | undefined): boolean {
  return one?.device === other?.device && one?.mount === other?.mount;
}

/** Directories between the root and one below it, that one included. */
export function depthOf(dir: DirNode): number {
  return dir.parent ? depthOf(dir.parent) + 1 : 0;
}

/** The path from the root down to a directory, each name with a slash before it. */
export function pathBelow(dir: DirNode): ByteString {
  return dir.parent ? `${pathBelow(dir.parent)}/${dir.name}` : "";
}

/** The same of where it is now. */
export function placeBelow({ aside, parent, name }: DirNode): ByteString {
  if (aside) return `${placeBelow(aside.dir)}/${aside.name}`;
  return parent ? `${placeBelow(parent)}/${name}` : "";
}

/** The path of a directory, from the root, as text for messages; empty for the root. */
export function printDir(dir: DirNode): string {
  return printPath(pathBelow(dir).slice(1));
}

/** The path of a name in a directory, from the root, as text for messages. */
export function printPlace(dir: DirNode, name: ByteString): string {
  return printPath(`${pathBelow(dir)}/${name}`.slice(1));
}
