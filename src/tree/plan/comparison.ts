import { equalBytes } from "../../bytes/compare.ts";
import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import type { DeviceNumber, Entry, EntryKind } from "../entry/entry.ts";
import type { Facts } from "../entry/facts.ts";
import { plainRule, type PlanRule } from "./plan-rule.ts";

/** The metadata of a file or directory that a receiver sets. */
export interface Metadata extends Pick<Entry, "mode" | "mtimeSec" | "mtimeNsec"> {
  readonly facts?: Facts | undefined;
}

/** Returns what of an entry, and of nothing else, is set. */
export function metadataOf({ mode, mtimeSec, mtimeNsec, facts }: Metadata): Metadata {
  return facts ? { mode, mtimeSec, mtimeNsec, facts } : { mode, mtimeSec, mtimeNsec };
}

/** What stands where an entry belongs. */
export interface Standing extends Omit<Metadata, "facts"> {
  readonly kind: EntryKind | "other";
  /** Bytes of a file's content. */
  readonly size: number;
  /** Which device it is; of devices only. */
  readonly rdev?: DeviceNumber | undefined;
  /** What a link holds; needed when the entry is a link, too. */
  readonly target?: Bytes;
  /** True for a directory that nothing is in; needed when the entry is none. */
  readonly isEmpty?: boolean;
}

/** What a place keeps of the metadata that it is given. */
export interface Keeping {
  /** The bits of a mode that are a peer's to give. */
  readonly allowedModeBits: number;
  /** The bits of a mode that can be set there; 0 where there are no modes. */
  readonly modeBits: number;
  /**
   * Nanoseconds in the unit in which times are kept: what is finer is cut off. Infinite where no
   * time is kept.
   */
  readonly timeUnitNsec: number;
  /** False where what is made has an owner of its own, whatever is set. */
  readonly keepsUsers: boolean;
  /** The same of groups. */
  readonly keepsGroups: boolean;
  /** False where a link has the time at which it was made, whatever is set. */
  readonly keepsLinkTimes: boolean;
}

/** A place that keeps all that a receiver sets. */
export const keepsAll: Keeping = Object.freeze({
  allowedModeBits: 0o777,
  modeBits: 0o7777,
  timeUnitNsec: 1,
  keepsUsers: true,
  keepsGroups: true,
  keepsLinkTimes: true,
});

/**
 * The bits of a peer's mode that are applied: setuid, setgid and sticky are not a peer's to give
 * unless they are asked for.
 */
export const modeMask = 0o777;

/**
 * What becomes of a place when an entry arrives there:
 *
 * - `new`: nothing stands there
 * - `same`: it stays as it is
 * - `touched`: only its mode or time is set
 * - `changed`: its content may differ
 * - `replaced`: something of another kind stands there, and gives way
 * - `blocked`: a directory that is not empty stands there, and the entry is none
 * - `skipped`: the rule of the transfer leaves it as it is, and nothing may be there
 */
export type Outcome = "new" | "same" | "touched" | "changed" | "replaced" | "blocked" | "skipped";

/**
 * Compares an entry with what stands in its place: the one rule of all targets, and of what tells
 * beforehand.
 */
export function compareEntry(
  entry: Entry,
  there: Standing | undefined,
  keeping: Keeping,
  rule: PlanRule = plainRule,
): Outcome {
  if (isSkipped(entry, there, rule)) return "skipped";
  if (there === undefined) return "new";
  if (there.kind !== entry.kind)
    return there.kind === "dir" && there.isEmpty !== true ? "blocked" : "replaced";
  const sameTime = countsAsSameTime(there, entry, keeping, rule);
  if (entry.kind === "file" && !isSameContent(entry.size, there.size, sameTime, rule))
    return rule.onlyLonger === true && there.size >= entry.size ? "skipped" : "changed";
  if (entry.kind === "symlink" && !equalBytes(there.target!, entry.target!)) return "changed";
  if (entry.rdev && (there.rdev?.major !== entry.rdev.major || there.rdev.minor !== entry.rdev.minor))
    return "changed";
  return sameTime && (entry.kind === "symlink" || isSameMode(there, entry, keeping)) ? "same" : "touched";
}

/** True for what the rule leaves alone, whatever is to become of it otherwise. */
function isSkipped(
  entry: Entry,
  there: Standing | undefined,
  {
    keepsNewer = false,
    maxBytes = Infinity,
    minBytes = 0,
    onlyExisting = false,
    onlyNew = false,
    ...rule
  }: PlanRule,
): boolean {
  if (there === undefined && onlyExisting) return true;
  const goesInto = entry.kind === "dir" && there?.kind === "dir";
  if (there !== undefined && onlyNew && !goesInto) return true;
  if (entry.kind !== "file") return false;
  if (entry.size < minBytes || entry.size > maxBytes) return true;
  return keepsNewer && there?.kind === "file" && secondsBetween(there, entry) < (rule.windowSec ?? 0);
}

function isSameContent(
  size: number,
  sizeThere: number,
  sameTime: boolean,
  { equality = "time" }: PlanRule,
): boolean {
  if (size !== sizeThere) return false;
  return equality === "content" ? size === 0 : sameTime || equality === "size";
}

/**
 * Returns the mode and time that what is there is to get: where times count as the same, the one
 * that it has.
 */
export function wantedOver<Wanted extends Metadata>(there: Metadata, wanted: Wanted, rule: PlanRule): Wanted {
  const { mtimeSec, mtimeNsec } = there;
  return isNear(there, wanted, rule) ? { ...wanted, mtimeSec, mtimeNsec } : wanted;
}

/** True when what stands at an entry has its time, or one that the rule takes for that. */
export function countsAsSameTime(
  there: Standing,
  entry: Entry,
  keeping: Keeping,
  rule: PlanRule = plainRule,
): boolean {
  return hasSameTime(there, entry, keeping) || isNear(there, entry, rule);
}

/** True for times that the rule takes for the same; as with rsync, whole seconds alone say so. */
function isNear(there: Metadata, wanted: Metadata, { windowSec = 0 }: PlanRule): boolean {
  return windowSec > 0 && Math.abs(wanted.mtimeSec - there.mtimeSec) <= windowSec;
}

/** Seconds from one time to another. */
function secondsBetween(from: Metadata, to: Metadata): number {
  return to.mtimeSec - from.mtimeSec + (to.mtimeNsec - from.mtimeNsec) / secondNsec;
}

/** What is told of a device, FIFO or socket where these are not kept, in rsync's words. */
export function skippedSpecial(): SyncError {
  return new SyncError("SKIPPED", "skipping non-regular file");
}

/** What is wrong when a directory that the sender leaves out, for it is here, is not here. */
export function incompleteDir(): SyncError {
  return new SyncError("CHANGED", "a directory is gone that was here when the session began");
}

/**
 * True when the mode is the one that is wanted, as far as the place keeps it. Setuid, setgid and
 * sticky bits that are not asked for stay at a directory, and at a file that is to have them.
 */
export function isSameMode(
  there: Standing,
  wanted: Metadata,
  keeping: Pick<Keeping, "allowedModeBits" | "modeBits">,
): boolean {
  const lost = there.kind === "dir" ? 0 : there.mode & ~wanted.mode & 0o7000;
  const different = (there.mode ^ wanted.mode) & keeping.allowedModeBits;
  return lost === 0 && (different === 0 || (different & keeping.modeBits) === 0);
}

/** True when mode and time are those that are wanted. */
export function isAsWanted(there: Standing, wanted: Metadata, keeping: Keeping = keepsAll): boolean {
  return isSameMode(there, wanted, keeping) && isSameTime(there, wanted, keeping);
}

/** True when what stands at an entry has its time, as far as one is kept for its kind. */
function hasSameTime(there: Standing, entry: Entry, keeping: Keeping): boolean {
  return isSameTime(there, entry, keeping) || (entry.kind === "symlink" && !keeping.keepsLinkTimes);
}

/** A time of something. */
type Timed = Pick<Metadata, "mtimeSec" | "mtimeNsec">;

/**
 * True when the times agree in the unit of the place, or to the microsecond when a file was written
 * by one who can set no more; or when the place holds no such time, and has what becomes of it.
 */
export function isSameTime(there: Timed, wanted: Timed, keeping: Pick<Keeping, "timeUnitNsec">): boolean {
  if (isCutTo(1, there, wanted) || isCutTo(1000, there, wanted)) return true;
  if (isCutToBits(there, wanted)) return true;
  const isNear = Math.abs(there.mtimeSec - wanted.mtimeSec) <= 2; // the longest unit there is
  if (!isNear) return false;
  // Where a unit of two seconds was told from times that happened to be even, it may be one.
  const mayBeOne = keeping.timeUnitNsec === 2 * secondNsec;
  return isCutTo(keeping.timeUnitNsec, there, wanted) || (mayBeOne && isCutTo(secondNsec, there, wanted));
}

/** Nanoseconds in a second. */
export const secondNsec = 1_000_000_000;

/**
 * True for what becomes of a time before 1970 or after 2038 in a number of 31 or 32 bits: the last
 * one of these, or what of it they hold.
 */
function isCutToBits({ mtimeSec: there }: Timed, { mtimeSec: wanted }: Timed): boolean {
  if ((wanted >= 0 && wanted <= lastSec) || wanted === there) return false;
  const isLast = there === lastSec || there === 2 ** 32 - 1;
  return (isLast && wanted > there) || (wanted - there) % 2 ** 32 === 0;
}

/** The last second of 31 bits, in 2038. */
const lastSec = 2 ** 31 - 1;

function isCutTo(unitNsec: number, there: Timed, { mtimeSec, mtimeNsec }: Timed): boolean {
  const unitSec = Math.max(1, unitNsec / secondNsec);
  const sec = Math.floor(mtimeSec / unitSec) * unitSec;
  const nsec = unitNsec < secondNsec ? mtimeNsec - (mtimeNsec % unitNsec) : 0;
  return there.mtimeSec === sec && there.mtimeNsec === nsec;
}
