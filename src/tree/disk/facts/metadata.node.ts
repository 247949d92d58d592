import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import { errnoOf } from "../../../bytes/errno.node.ts";
import { SyncError } from "../../../errors.ts";
import type { NativePath } from "../calls/byte-string.node.ts";
import {
  diskFacts,
  hasFacts,
  hasSameAccess,
  otherOwners,
  ownership,
  type UnkeptFact,
} from "./disk-facts.node.ts";
import { placeAtPath, type FactPlace } from "../calls/fact-place.node.ts";
import { ownersWanted, writeFakeStat } from "./fake-stat.node.ts";
import { StoredXattrs } from "./stored-xattrs.node.ts";
import { isSameMode, isSameTime, type Metadata, modeMask, type Standing } from "../../plan/comparison.ts";
import type { Entry } from "../../entry/entry.ts";
import type { Facts } from "../../entry/facts.ts";
import type { Keep } from "../../plan/keep.ts";
import { setsTime } from "./kept-facts.node.ts";
import type { NameAt } from "../calls/call-at.node.ts";
import { findLibc } from "../calls/libc.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import { isErrno, isRefusal } from "../calls/file-trouble.node.ts";
import type { DirNode, NameIn } from "../calls/dir-node.node.ts";
import { O_PATH, type HeldDirs } from "../calls/held-dirs.node.ts";
import { identityOf, isStillSame, type Identity } from "../calls/identity.node.ts";
import { type LinkKeeping, type PlaceKeeping, umask } from "./keeping.node.ts";

/** What of a tree a place may not keep. */
export type Unkept =
  "modes" | "times" | "owners of links" | "times of links" | "room that is taken in advance" | UnkeptFact;

/** What is known of something whose facts are set. */
interface FactsBefore {
  /** What has some of them already. */
  readonly there?: FileStats;
  /** True for what has no attributes. */
  readonly isBare?: boolean;
}

function bareXattrs(place: FactPlace): StoredXattrs {
  return new StoredXattrs(() => place, []);
}

/**
 * The mode to make a file with that its owner has to write and read: its own where that is
 * possible.
 */
export function firstMode({ mode }: Metadata): number {
  return (mode & modeMask) | 0o600;
}

/**
 * The mode to make a directory with: its own where that lets its owner work in it, and nobody else
 * write.
 */
export function firstDirMode({ mode }: Metadata): number {
  return (mode & 0o755) | 0o700;
}

/**
 * Sets facts, modes and times in the way that a place keeps them, and says what it does not keep.
 */
export class MetadataSetter {
  readonly keeping: PlaceKeeping;
  readonly #keep: Keep;
  readonly #onUnkept: (what: Unkept) => void;
  /** Owners that files with several names were given: other names were looked at before. */
  readonly #owners = new Map<string, number>();
  readonly #findLinks: () => LinkKeeping;
  #links: LinkKeeping | undefined;
  /** True where attributes of plain files stand for what only root may set. */
  readonly #fakes: boolean;
  /** What new files have, by the staging room, or the directory there, that they are made in. */
  readonly #newIn = new WeakMap<DirNode, FactsBefore>();

  /**
   * @param findLinks called once, when the first difference depends on it
   * @param onUnkept may be called again for the same
   */
  constructor(
    keeping: PlaceKeeping,
    findLinks: () => LinkKeeping,
    onUnkept: (what: Unkept) => void,
    keep: Keep,
  ) {
    this.keeping = keeping;
    this.#findLinks = findLinks;
    this.#keep = keep;
    this.#fakes = keep.fakeSuper === "receiver";
    this.#onUnkept = onUnkept;
  }

  /**
   * Sets facts, mode and time of an open file that was made with `firstMode` under a temporary
   * name; after closing it, call `setNamed`.
   */
  setHandle(held: HeldDirs, { dir, name }: NameIn, fd: number, wanted: Metadata): void {
    if (this.#fakes) return this.setFake(held, { dir, name }, fd, { ...wanted, kind: "file" });
    if (wanted.facts) {
      const place = held.factsAt(dir, name);
      this.#setFacts(place, wanted.facts, this.#factsOfNew(dir, place, fd));
    }
    const { allowedModeBits, fixedModeBits, modeBits, obeysUmask } = this.keeping;
    const mode = wanted.mode & allowedModeBits;
    if (((mode ^ fixedModeBits) & ~modeBits & allowedModeBits) !== 0) this.#onUnkept("modes");
    if (
      modeBits !== 0 &&
      !(obeysUmask && !wanted.facts?.acl?.length && (firstMode(wanted) & ~umask) === mode)
    ) {
      this.#attempt("modes", () => fs.fchmodSync(fd, mode));
    }
    this.#setHandleTime(fd, wanted);
  }

  /** Has such a file stand for something that only root could make, or make so. */
  setFake(
    held: HeldDirs,
    { dir, name }: NameIn,
    fd: number,
    wanted: Metadata & Pick<Entry, "kind" | "rdev">,
  ): void {
    const place = held.factsAt(dir, name);
    if (wanted.facts) this.#setFacts(place, wanted.facts, this.#factsOfNew(dir, place, fd));
    const { allowedModeBits } = this.keeping;
    const { kind, mode, rdev } = wanted;
    const allowedMode = kind === "symlink" ? mode : mode & allowedModeBits;
    const owners = ownersWanted(lookAtHandle(fd), wanted.facts);
    writeFakeStat(fd, place, { kind, mode: allowedMode, rdev, ...owners });
    this.#setHandleTime(fd, wanted);
  }

  #setHandleTime(fd: number, { mtimeSec, mtimeNsec, facts }: Metadata): void {
    const { setsTimesByName, times } = this.keeping;
    if (!setsTimesByName && setsTime(this.#keep, "file"))
      this.#setTime(() => times.setHandle(fd, mtimeSec, mtimeNsec, facts?.accessed));
  }

  /** Takes the room of a file that was just made, where that can be done. @throws ENOSPC */
  takeRoom(fd: number, bytes: number): void {
    const fallocate = findLibc()?.fallocate;
    try {
      if (fallocate) return fallocate(fd, bytes);
    } catch (thrown) {
      if (!isErrno(thrown, "ENOTSUP", "EOPNOTSUPP", "ENOSYS")) throw thrown;
    }
    this.#onUnkept("room that is taken in advance");
  }

  /** Sets what could not be set while the file was open. */
  setNamed(held: HeldDirs, { dir, name }: NameIn, { mtimeSec, mtimeNsec, facts }: Metadata): void {
    const { setsTimesByName, times } = this.keeping;
    if (setsTimesByName && setsTime(this.#keep, "file"))
      this.#setTime(() => times.setAt(held.nameAt(dir, name), mtimeSec, mtimeNsec, facts?.accessed));
  }

  /**
   * Sets facts, mode and time of a file or directory that was there, where they differ. Follows no
   * link.
   */
  setAt(at: NameAt, there: FileStats, wanted: Metadata): void {
    const { keeping } = this;
    const hasAll = this.#hasFacts(at, there, wanted.facts);
    if (!hasAll || !isSameMode(there, wanted, keeping)) this.#change(at, there, wanted, hasAll);
    else if (((there.mode ^ wanted.mode) & ~keeping.modeBits & keeping.allowedModeBits) !== 0)
      this.#onUnkept("modes");
    if (this.#hasTimes(there, wanted) || !setsTime(this.#keep, there.kind)) return;
    if (keeping.timeUnitNsec === Infinity) this.#onUnkept("times");
    else keeping.times.setAt(at, wanted.mtimeSec, wanted.mtimeNsec, wanted.facts?.accessed);
  }

  #hasTimes(there: FileStats, wanted: Metadata): boolean {
    return isSameTime(there, wanted, this.keeping) && hasSameAccess(there, wanted.facts, this.keeping);
  }

  /** Sets the facts of a link that was just made. */
  setLinkFacts(held: HeldDirs, { dir, name }: NameIn, { facts }: Metadata): void {
    if (facts && this.#reachesLinks()) this.#setFacts(held.factsAt(dir, name), facts);
  }

  /** What links keep. */
  get links(): LinkKeeping {
    return (this.#links ??= this.#findLinks());
  }

  #reachesLinks(): boolean {
    const { isReached } = this.links;
    if (!isReached) this.#onUnkept("owners of links");
    return isReached;
  }

  /** Sets facts and time of a link that was there, where they differ. */
  setLink(held: HeldDirs, { dir, name }: NameIn, there: FileStats, wanted: Metadata): void {
    const at = held.nameAt(dir, name);
    if (!this.#hasFacts(at, there, wanted.facts) && this.#reachesLinks())
      this.#change(at, there, wanted, false);
    if (!this.#hasTimes(there, wanted)) this.setLinkTime(held, { dir, name }, wanted);
  }

  #hasFacts(at: NameAt, there: FileStats, wanted: Facts | undefined): boolean {
    return hasFacts(there, wanted, this.keeping, () => factsOf(at));
  }

  /** Sets the mode after the facts: a new owner takes bits of it away. */
  #change(at: NameAt, there: FileStats, wanted: Metadata, hasFacts: boolean): void {
    const file = there.linkCount > 1 ? `${there.device}:${there.inode}` : undefined;
    const owner = this.#owners.get(file ?? "") ?? there.owner;
    withSame(at.path(), { ...there, owner }, (place, fd) => {
      if (!hasFacts) this.#setFacts(place, wanted.facts!, { there });
      const { kind, rdev } = there;
      if (this.#fakes && kind !== "other") {
        const mode = this.#modeOver(there, wanted);
        writeFakeStat(fd, place, { kind, rdev, mode, ...ownersWanted(there, wanted.facts) });
      } else if (there.kind !== "symlink") changeMode(place, fd, this.#modeOver(there, wanted));
    });
    if (file !== undefined && wanted.facts?.user) this.#owners.set(file, wanted.facts.user.id);
  }

  /**
   * The mode of what is there once a wanted one is set: setuid, setgid and sticky bits that are not
   * asked for stay at a directory, whoever gave them, and at a file that is to have them.
   */
  #modeOver({ kind, mode }: Standing, wanted: Metadata): number {
    const { allowedModeBits } = this.keeping;
    const isLeft = kind === "dir" && this.#keep.perms === false;
    const given = isLeft ? allowedModeBits & modeMask : allowedModeBits;
    const bits = ~(modeMask | given);
    const special = kind === "dir" ? mode & bits : mode & wanted.mode & bits;
    return special | (wanted.mode & given) | (mode & ~given & modeMask);
  }

  #setFacts(place: FactPlace, wanted: Facts, { there, isBare }: FactsBefore = {}): void {
    const stored = isBare === true ? bareXattrs(place) : new StoredXattrs(() => place);
    if (!this.#keepsOwners(wanted, there)) this.#onUnkept("owners");
    for (const fact of this.#fakes ? diskFacts.filter((each) => each !== ownership) : diskFacts) {
      if (there && fact.isSame(there, wanted, stored, this.keeping)) continue;
      this.#attempt(fact.name, () => fact.set(stored, wanted, this.keeping));
    }
  }

  #keepsOwners(wanted: Facts, there: FileStats | undefined): boolean {
    const { keepsGroups, keepsUsers } = this.keeping;
    if (keepsUsers && keepsGroups) return true;
    const set = there ? otherOwners(there, wanted) : (["owner", "group"] as const);
    return set.every((whose) =>
      whose === "owner" ? keepsUsers || !wanted.user : keepsGroups || !wanted.group,
    );
  }

  /**
   * What a file has that was just made in a staging room, or in a directory there: whose it is, and
   * whether it has attributes. What one of them has, all made there have.
   */
  #factsOfNew(dir: DirNode, file: FactPlace, fd: number): FactsBefore {
    const known = this.#newIn.get(dir);
    if (known !== undefined) return known;
    const isBare = new StoredXattrs(() => file).names.length === 0;
    const found = { there: lookAtHandle(fd), isBare };
    this.#newIn.set(dir, found);
    return found;
  }

  /** Sets the time of a link. */
  setLinkTime(held: HeldDirs, { dir, name }: NameIn, wanted: Metadata): void {
    if (!setsTime(this.#keep, "symlink")) return;
    const { times } = this.keeping;
    if (!this.links.keepsLinkTimes) return this.#onUnkept("times of links");
    const set = (): void =>
      times.setAt(held.nameAt(dir, name), wanted.mtimeSec, wanted.mtimeNsec, wanted.facts?.accessed);
    this.#attempt("times of links", set);
  }

  #setTime(set: () => void): void {
    if (this.keeping.timeUnitNsec === Infinity) this.#onUnkept("times");
    else this.#attempt("times", set);
  }

  /**
   * What this process made itself is not lost because the system refuses to say whose or when it
   * is.
   *
   * @throws IO when the system fails at it; that of a full disk says nothing of what is to come
   */
  #attempt(what: Unkept, set: () => void): void {
    try {
      set();
    } catch (cause) {
      if (isRefusal(cause)) return this.#onUnkept(what);
      if (!isErrno(cause)) throw cause;
      throw new SyncError("IO", `${errnoOf(cause)!}: ${what} could not be set`, { cause });
    }
  }
}

/**
 * Sets the mode of what stands at a path, and was looked at before.
 *
 * @throws CHANGED when it is something else by now
 */
export function setMode(path: NativePath, there: Identity, mode: number): void {
  withSame(path, there, (place, fd) => changeMode(place, fd, mode));
}

/** The same name as a place of facts. */
function factsOf(at: NameAt): FactPlace {
  return { dirFd: at.dirFd, name: at.name, path: () => at.path(), isHandle: false };
}

function changeMode({ path, isHandle }: FactPlace, fd: number, mode: number): void {
  if (isHandle) fs.chmodSync(path(), mode);
  else fs.fchmodSync(fd, mode);
}

/**
 * Does something to what stands at a path, and was looked at before. A handle of a place only
 * cannot be changed itself, but the way through it leads to just that file.
 *
 * @throws CHANGED when it is something else by now
 */
function withSame(path: NativePath, there: Identity, work: (place: FactPlace, fd: number) => void): void {
  const fd = fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW);
  const check = (): void => {
    if (!isStillSame(there, identityOf(fd), fd)) {
      throw new SyncError("CHANGED", "something else took the place of what was looked at");
    }
    const isHandle = O_PATH !== fs.constants.O_RDONLY;
    work(placeAtPath(isHandle ? `/proc/self/fd/${fd}` : path, isHandle), fd);
  };
  closingAfter(check, () => fs.closeSync(fd));
}
