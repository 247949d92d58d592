import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import { isDevice, type DeviceNumber, type EntryKind } from "../../entry/entry.ts";
import { type Facts, noOwner } from "../../entry/facts.ts";
import type { OrderEnd } from "../../order/order.ts";
import { modeMask } from "../../plan/comparison.ts";
import type { Keep } from "../../plan/keep.ts";
import type { FactPlace } from "../calls/fact-place.node.ts";
import { kindOfMode, typeOfKind } from "../calls/file-kind.node.ts";
import { type FileStats, ownersOf } from "../calls/file-stats.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { findXattrCalls } from "./xattr-calls.node.ts";

/** The attribute in which rsync's --fake-super keeps what only root may set. */
const statName = "user.rsync.%stat";

/** What rsync keeps in attributes begins so; it belongs to no file's own attributes. */
export const rsyncXattrs = "user.rsync.%";

/** What such an attribute says of a file or directory. */
export interface FakeStat {
  readonly kind: EntryKind;
  /** The permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly rdev: DeviceNumber | undefined;
  readonly owner: number;
  readonly group: number;
}

/** Reads the text of an attribute; undefined for one that says nothing legal. */
export function parseFakeStat(text: string): FakeStat | undefined {
  const [, octal, ...decimals] =
    /^([0-7]{1,6}) (\d{1,10}),(\d{1,10}) (\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (octal === undefined) return undefined;
  const mode = Number.parseInt(octal, 8);
  const kind = kindOfMode(mode);
  const [major, minor, owner, group] = decimals.map(Number) as [number, number, number, number];
  if (kind === "other" || [major, minor, owner, group].some((number) => number > noOwner)) return undefined;
  return { kind, mode: mode & 0o7777, rdev: isDevice(kind) ? { major, minor } : undefined, owner, group };
}

/** The text of an attribute. */
export function formatFakeStat({ kind, mode, rdev, owner, group }: FakeStat): string {
  const { major, minor } = rdev ?? { major: 0, minor: 0 };
  return `${(typeOfKind(kind) | mode).toString(8)} ${major},${minor} ${owner}:${group}`;
}

/** Has a tree be seen as its attributes say, where that end was asked to. @throws UNSUPPORTED */
export function seeFakes(held: HeldDirs, end: OrderEnd, keep: Keep | undefined): void {
  if (keep?.fakeSuper !== end) return;
  if (!findXattrCalls())
    throw new SyncError("UNSUPPORTED", "--fake-super needs extended attributes: koffi, and Linux");
  held.seenAs = seenAsFake;
}

/** A file may stand for anything but a directory, and a directory for a directory only. */
function seenAsFake(stats: FileStats, place: FactPlace): FileStats {
  if (stats.kind !== "file" && stats.kind !== "dir") return stats;
  const value = findXattrCalls()?.get(place, statName);
  const fake = value && parseFakeStat(Buffer.from(value).toString("latin1"));
  if (!fake || (fake.kind === "dir") !== (stats.kind === "dir")) return stats;
  const { kind, mode, rdev, owner, group } = fake;
  return { ...stats, kind, mode, rdev, fakeOwners: { owner, group } };
}

/** Whose something is to be: as it is, where facts do not say that. */
export function ownersWanted(there: FileStats, facts: Facts | undefined): Pick<FakeStat, "group" | "owner"> {
  const { group, owner } = ownersOf(there);
  return { owner: facts?.user?.id ?? owner, group: facts?.group?.id ?? group };
}

/**
 * Writes what an open file or directory stands for: the bits of its mode that its owner needs and
 * may set to the file itself, all else to the attribute, which goes where nothing else is left.
 *
 * @throws what the system says
 */
export function writeFakeStat(fd: number, place: FactPlace, fake: FakeStat): void {
  const { mode, owner, group, kind } = lookAtHandle(fd);
  const ownMode = (fake.mode & modeMask) | (kind === "dir" ? 0o700 : 0o600);
  if (mode !== ownMode) {
    if (place.isHandle) fs.chmodSync(place.path(), ownMode);
    else fs.fchmodSync(fd, ownMode);
  }
  const isAll = fake.kind === kind && fake.mode === ownMode && fake.owner === owner && fake.group === group;
  const calls = findXattrCalls()!;
  if (isAll) calls.remove(place, statName);
  else calls.set(place, statName, Buffer.from(formatFakeStat(fake)));
}
