import fs from "node:fs";
import { closingAfter, doAll } from "../../../bytes/closing.ts";
import { type Keeping, modeMask, secondNsec } from "../../plan/comparison.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import { isErrno, isRefusal } from "../calls/file-trouble.node.ts";
import type { NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { timeSetters, type TimeSetter } from "../calls/times.node.ts";

/** What a place keeps of what is set of files, and how it has to be set there. */
export interface PlaceKeeping extends Omit<Keeping, "keepsLinkTimes"> {
  /** The bits of a mode that every file has there. */
  readonly fixedModeBits: number;
  /**
   * True when a new file has the mode that it is made with, less the umask; false under a default
   * ACL, say.
   */
  readonly obeysUmask: boolean;
  readonly times: TimeSetter;
  /** True when a time that is set through an open file is not kept. */
  readonly setsTimesByName: boolean;
}

type OwnerKeeping = Pick<Keeping, "keepsGroups" | "keepsUsers">;

const allOwners: OwnerKeeping = { keepsUsers: true, keepsGroups: true };

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

/** A time that shows in what unit times are kept: odd in each of `timeUnitsNsec`. */
const probeSec = 1_000_000_001;
const probeNsec = 123_456_789;

/** The units in which file systems keep times, the finest first. */
const timeUnitsNsec = [1, 100, 1000, 1_000_000, 10_000_000, 1_000_000_000, 2_000_000_000] as const;

/** Taken away from the modes of new files. */
export const umask = process.umask();

/** What is supposed of a place where no temporary file can be made. */
export function supposedKeeping(allowedModeBits: number): PlaceKeeping {
  const modes = { allowedModeBits, modeBits: allowedModeBits, fixedModeBits: 0, obeysUmask: false };
  return { ...modes, ...allOwners, times: timeSetters()[0]!, timeUnitNsec: 1, setsTimesByName: false };
}

/**
 * What can be told of a place by looking at its root: in which unit it keeps the times that nobody
 * sets.
 */
export function seenKeeping(
  { ctimeSec, ctimeNsec, mtimeSec, mtimeNsec }: FileStats,
  allowedModeBits: number,
): Omit<Keeping, "keepsLinkTimes"> {
  const isMultiple = (unit: number): boolean => {
    const times = [
      [ctimeSec, ctimeNsec],
      [mtimeSec, mtimeNsec],
    ] as const;
    if (unit < secondNsec) return times.every(([, nsec]) => nsec % unit === 0);
    return times.every(([sec, nsec]) => nsec === 0 && sec % (unit / secondNsec) === 0);
  };
  const timeUnitNsec = timeUnitsNsec.findLast(isMultiple)!;
  return { ...allOwners, allowedModeBits, modeBits: allowedModeBits, timeUnitNsec };
}

/**
 * Finds out by a temporary file what a place keeps: sets modes and a time and reads them back.
 *
 * @param temporary a new name in a directory that only this process writes to; what is made there
 *   is removed again
 * @param allowedModeBits the bits of a mode that are a peer's to give
 */
export function findKeeping(held: HeldDirs, temporary: NameIn, allowedModeBits: number): PlaceKeeping {
  const { dir, name } = temporary;
  let fd: number | undefined = held.open(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
  const close = (): void => {
    const open = fd;
    fd = undefined; // whatever is said to closing it
    if (open !== undefined) fs.closeSync(open);
  };
  const find = (): PlaceKeeping => {
    const modes = { ...findModes(fd!, allowedModeBits), ...findOwners(fd!) };
    for (const times of timeSetters()) {
      fd ??= held.open(dir, name, O_WRONLY | O_NOFOLLOW);
      // Written to, as the files to come will be: some systems set the time once more for that.
      fs.writeSync(fd, "x");
      attempt(() => times.setHandle(fd!, probeSec, probeNsec));
      close();
      const byHandle = unitOf(held.look(dir, name));
      if (byHandle < Infinity) return { ...modes, times, timeUnitNsec: byHandle, setsTimesByName: false };
      attempt(() => times.setAt(held.nameAt(dir, name), probeSec, probeNsec));
      const byName = unitOf(held.look(dir, name));
      if (byName < Infinity) return { ...modes, times, timeUnitNsec: byName, setsTimesByName: true };
    }
    return { ...modes, times: timeSetters()[0]!, timeUnitNsec: Infinity, setsTimesByName: false };
  };
  return closingAfter(find, () => doAll([close, () => fs.unlinkSync(held.at(dir, name))]));
}

/** What a place does with what is set of a link. */
export interface LinkKeeping extends Pick<Keeping, "keepsLinkTimes"> {
  /** False where it would be set of what the link leads to, as over SFTP. */
  readonly isReached: boolean;
}

/** What is supposed of links where none can be made to find out. */
export const supposedLinkKeeping: LinkKeeping = { isReached: true, keepsLinkTimes: true };

/** Finds that out by a link, which leads nowhere in case it is followed. */
export function findLinkKeeping(held: HeldDirs, { dir, name }: NameIn, times: TimeSetter): LinkKeeping {
  fs.symlinkSync(`${name}.none`, held.at(dir, name));
  const find = (): LinkKeeping => {
    const { owner, group } = held.look(dir, name)!;
    if (!isFound(() => fs.lchownSync(held.at(dir, name), owner, group)))
      return { isReached: false, keepsLinkTimes: false };
    isFound(() => times.setAt(held.nameAt(dir, name), probeSec, probeNsec));
    return { isReached: true, keepsLinkTimes: unitOf(held.look(dir, name)) < Infinity };
  };
  return closingAfter(find, () => fs.unlinkSync(held.at(dir, name)));
}

/** False when the system says that nothing is there, though a refusal says nothing of that. */
function isFound(call: () => void): boolean {
  try {
    attempt(call);
    return true;
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT")) return false;
    throw thrown;
  }
}

type ModeKeeping = Pick<PlaceKeeping, "allowedModeBits" | "fixedModeBits" | "modeBits" | "obeysUmask">;

function findModes(fd: number, allowedModeBits: number): ModeKeeping {
  const made = lookAtHandle(fd).mode & modeMask;
  const isSet = (mode: number): boolean => attempt(() => fs.fchmodSync(fd, mode));
  const most = isSet(0o777 | allowedModeBits) || isSet(0o777) ? lookAtHandle(fd).mode : made;
  const least = isSet(0) ? lookAtHandle(fd).mode : made;
  isSet(0o600);
  return {
    allowedModeBits,
    modeBits: most & ~least & allowedModeBits,
    fixedModeBits: most & least & modeMask,
    obeysUmask: made === (0o666 & ~umask),
  };
}

/** Only root may set any owner; others set a group of their own, and are asked for nothing else. */
function findOwners(fd: number): OwnerKeeping {
  const before = lookAtHandle(fd);
  const isRoot = process.geteuid?.() === 0;
  const [owner, group] = [before.owner + 1, isRoot ? before.group + 1 : otherOwnGroup(before.group)];
  const keepsUsers =
    !isRoot || (attempt(() => fs.fchownSync(fd, owner, -1)) && lookAtHandle(fd).owner === owner);
  const keepsGroups =
    group === undefined || (attempt(() => fs.fchownSync(fd, -1, group)) && lookAtHandle(fd).group === group);
  return { keepsUsers, keepsGroups };
}

function otherOwnGroup(than: number): number | undefined {
  return process.getgroups?.().find((group) => group !== than);
}

/**
 * The unit in which the time of a file that was given the probe's time is kept; infinite when it is
 * another.
 */
function unitOf(stats: FileStats | undefined): number {
  const unit = timeUnitsNsec.find((nsec) => {
    const wholeSec = Math.max(1, nsec / secondNsec);
    const isFine = nsec < secondNsec;
    const sec = probeSec - (probeSec % wholeSec);
    return stats?.mtimeSec === sec && stats.mtimeNsec === (isFine ? probeNsec - (probeNsec % nsec) : 0);
  });
  return unit ?? Infinity;
}

/** False when the system refuses. */
function attempt(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (thrown) {
    if (isRefusal(thrown)) return false;
    throw thrown;
  }
}
