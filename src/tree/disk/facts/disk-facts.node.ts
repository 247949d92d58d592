import fs from "node:fs";
import { equalBytes } from "../../../bytes/compare.ts";
import type { ChangedFact } from "../../entry/entry.ts";
import type { AclEntry, Facts, Xattr } from "../../entry/facts.ts";
import { isSameTime, type Keeping } from "../../plan/comparison.ts";
import { aclNames, formatAcl } from "./acl-form.ts";
import type { FactPlace } from "../calls/fact-place.node.ts";
import { type FileStats, ownersOf } from "../calls/file-stats.node.ts";
import { rsyncXattrs } from "./fake-stat.node.ts";
import { StoredXattrs } from "./stored-xattrs.node.ts";

/** What of a tree a place may not keep. */
export type UnkeptFact = "owners" | "access times" | "extended attributes" | "access control lists";

/** What a place keeps of times. */
type TimeKeeping = Pick<Keeping, "timeUnitNsec">;

/** What a place keeps of owners. */
type OwnerKeeping = Pick<Keeping, "keepsGroups" | "keepsUsers">;

/** What a place keeps of facts. */
type FactKeeping = OwnerKeeping & TimeKeeping;

/** How facts that go together are compared with what is there, and set. */
interface DiskFact {
  readonly name: UnkeptFact;
  isSame(there: FileStats, wanted: Facts, stored: StoredXattrs, keeping: FactKeeping): boolean;
  /** What differs, of facts that are not the same. */
  differing(there: FileStats, wanted: Facts, keeping: FactKeeping): readonly ChangedFact[];
  set(stored: StoredXattrs, wanted: Facts, keeping: OwnerKeeping): void;
}

/** Which owners of what is there are others than those that it is to have. */
export function otherOwners(there: FileStats, { user, group }: Facts): readonly ("group" | "owner")[] {
  const { owner: userThere, group: groupThere } = ownersOf(there);
  return [
    ...(user !== undefined && user.id !== userThere ? (["owner"] as const) : []),
    ...(group !== undefined && group.id !== groupThere ? (["group"] as const) : []),
  ];
}

function otherKeptOwners(there: FileStats, wanted: Facts, keeping: FactKeeping): readonly ChangedFact[] {
  return otherOwners(there, wanted).filter((whose) =>
    whose === "owner" ? keeping.keepsUsers : keeping.keepsGroups,
  );
}

/** Users and groups. */
export const ownership: DiskFact = {
  name: "owners",
  isSame: (there, wanted, _, keeping) => otherKeptOwners(there, wanted, keeping).length === 0,
  differing: otherKeptOwners,
  set({ place: { path, isHandle } }, { user, group }, { keepsGroups, keepsUsers }) {
    const owner = keepsUsers ? (user?.id ?? -1) : -1;
    const ownGroup = keepsGroups ? (group?.id ?? -1) : -1;
    if (owner === -1 && ownGroup === -1) return;
    const chown = isHandle ? fs.chownSync : fs.lchownSync;
    chown(path(), owner, ownGroup);
  },
};

const access: DiskFact = {
  name: "access times",
  isSame: (there, wanted, _, keeping) => hasSameAccess(there, wanted, keeping),
  differing: () => ["otherTime"],
  set() {}, // it is set together with the time of modification, behind all others
};

const attributes: DiskFact = {
  name: "extended attributes",
  isSame: (_, { xattrs }, stored) => xattrs === undefined || hasSameXattrs(readXattrs(stored), xattrs),
  differing: () => ["xattr"],
  set(stored, { xattrs }) {
    if (xattrs === undefined) return;
    const there = readXattrs(stored);
    for (const { name } of there) if (!xattrs.some((one) => one.name === name)) stored.remove(name);
    for (const { name, value } of xattrs) if (!hasValue(there, name, value)) stored.set(name, value);
  },
};

/** Access control lists. */
export const accessLists = {
  name: "access control lists",
  isSame: (_: FileStats, wanted: Facts, stored: StoredXattrs) =>
    isSameList(stored, "acl", wanted.acl) && isSameList(stored, "defaultAcl", wanted.defaultAcl),
  differing: (): readonly ChangedFact[] => ["acl"],
  set(stored: StoredXattrs, wanted: Facts): void {
    setList(stored, "acl", wanted.acl);
    setList(stored, "defaultAcl", wanted.defaultAcl);
  },
} as const satisfies DiskFact;

/** In the order in which they are set: a new owner takes attributes away. */
export const diskFacts: readonly DiskFact[] = [ownership, attributes, accessLists, access];

/** True when the last access was when it is to have been, in the unit of the place. */
export function hasSameAccess(there: FileStats, wanted: Facts | undefined, keeping: TimeKeeping): boolean {
  if (wanted?.accessed === undefined) return true;
  const { sec, nsec } = wanted.accessed;
  const found = { mtimeSec: there.accessSec, mtimeNsec: there.accessNsec };
  return isSameTime(found, { mtimeSec: sec, mtimeNsec: nsec }, keeping);
}

/** True when what is there has the facts that it is to have, as far as the place keeps them. */
export function hasFacts(
  there: FileStats,
  wanted: Facts | undefined,
  keeping: FactKeeping,
  place: () => FactPlace,
): boolean {
  if (wanted === undefined) return true;
  const stored = new StoredXattrs(place);
  return diskFacts.every((fact) => fact.isSame(there, wanted, stored, keeping));
}

/** Which facts of what is there are not those that it is to have. */
export function differingFacts(
  there: FileStats,
  wanted: Facts,
  keeping: FactKeeping,
  place: () => FactPlace,
): readonly ChangedFact[] {
  const stored = new StoredXattrs(place);
  return diskFacts.flatMap((fact) =>
    fact.isSame(there, wanted, stored, keeping) ? [] : fact.differing(there, wanted, keeping),
  );
}

/**
 * True for attributes that this process may read and set; lists are told for themselves, and what
 * rsync keeps in attributes is none of a file's own.
 */
export function isOwnXattr(name: string): boolean {
  if (name.startsWith(rsyncXattrs)) return false;
  return process.geteuid?.() === 0 ? !name.startsWith("system.") : name.startsWith("user.");
}

/**
 * Reads the attributes of a file, by name; none where there can be none.
 *
 * @param isWanted says which of them by their names
 */
export function readXattrs(
  stored: StoredXattrs,
  isWanted: (name: string) => boolean = isOwnXattr,
): readonly Xattr[] {
  if (stored.names.length === 0) return noXattrs;
  const names = stored.names.filter(isWanted).sort();
  return names.flatMap((name) => {
    const value = stored.get(name);
    return value ? [{ name, value }] : [];
  });
}

/** True for equal attributes in equal order. */
export function hasSameXattrs(some: readonly Xattr[], others: readonly Xattr[]): boolean {
  if (some.length !== others.length) return false;
  return some.every(({ name, value }, i) => name === others[i]!.name && equalBytes(value, others[i]!.value));
}

function hasValue(xattrs: readonly Xattr[], name: string, value: Xattr["value"]): boolean {
  const there = xattrs.find((one) => one.name === name);
  return there !== undefined && equalBytes(there.value, value);
}

const noXattrs: readonly never[] = [];

type ListName = keyof typeof aclNames;

function isSameList(stored: StoredXattrs, name: ListName, wanted: readonly AclEntry[] | undefined): boolean {
  if (wanted === undefined) return true;
  const there = stored.get(aclNames[name]);
  if (there === undefined || wanted.length === 0) return there === undefined && wanted.length === 0;
  return equalBytes(there, formatAcl(wanted));
}

function setList(stored: StoredXattrs, name: ListName, wanted: readonly AclEntry[] | undefined): void {
  if (wanted === undefined) return;
  if (wanted.length > 0) stored.set(aclNames[name], formatAcl(wanted));
  else stored.remove(aclNames[name]);
}
