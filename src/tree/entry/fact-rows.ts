import type { ByteReader, ByteWriter } from "../../bytes/cursor.ts";
import { unzigzag, zigzag } from "../../bytes/varint.ts";
import { SyncError } from "../../errors.ts";
import {
  type AclEntry,
  factLimits,
  type Facts,
  type Moment,
  noOwner,
  type Owner,
  type Xattr,
} from "./facts.ts";
import { maxTimeSec } from "./time-range.ts";

/** A fact: its name, the number of its column in ENTRIES, its form there, and what is legal. */
export interface FactRow<Name extends keyof Facts = keyof Facts> {
  readonly name: Name;
  readonly column: number;
  write(out: ByteWriter, value: Required<Facts>[Name]): void;
  /** @throws BAD_MESSAGE, LIMIT */
  read(input: ByteReader): Required<Facts>[Name];
  /** Why a value may not be, or undefined when it may. */
  findFault(value: Required<Facts>[Name]): string | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function writeOwner(out: ByteWriter, { id, name = "" }: Owner): void {
  const bytes = encoder.encode(name);
  out.uvarint(id);
  out.uvarint(bytes.length);
  out.bytes(bytes);
}

function readOwner(input: ByteReader): Owner {
  const id = input.uvarint();
  const length = readUpTo(input, factLimits.ownerNameBytes, "the name of an owner");
  return length === 0 ? { id } : { id, name: decoder.decode(input.bytes(length)) };
}

function findOwnerFault({ id, name = "" }: Owner): string | undefined {
  const isNumber = Number.isSafeInteger(id) && id >= 0 && id < noOwner;
  return isNumber && !name.includes("\0") ? undefined : "has an owner that cannot be";
}

const ownerRow = <Name extends "user" | "group">(name: Name, column: number): FactRow<Name> => ({
  name,
  column,
  write: writeOwner,
  read: readOwner as FactRow<Name>["read"],
  findFault: findOwnerFault,
});

const accessed: FactRow<"accessed"> = {
  name: "accessed",
  column: 12,
  write(out, { sec, nsec }) {
    out.uvarint(zigzag(sec));
    out.uvarint(nsec);
  },
  read: (input) => ({ sec: unzigzag(input.uvarint()), nsec: input.uvarint() }),
  findFault: ({ sec, nsec }: Moment) =>
    Math.abs(sec) <= maxTimeSec && nsec <= 999_999_999
      ? undefined
      : "has an access time that is out of range",
};

const xattrs: FactRow<"xattrs"> = {
  name: "xattrs",
  column: 13,
  write(out, all) {
    out.uvarint(all.length);
    for (const { name, value } of all) {
      out.uvarint(name.length);
      out.bytes(Uint8Array.from(name, (character) => character.charCodeAt(0)));
      out.uvarint(value.length);
      out.bytes(value);
    }
  },
  read(input) {
    const count = readUpTo(input, factLimits.xattrCount, "the number of extended attributes");
    return Array.from({ length: count }, () => {
      const name = input.bytes(readUpTo(input, factLimits.xattrNameBytes, "the name of an attribute"));
      const value = input.bytes(readUpTo(input, factLimits.xattrsBytes, "the value of an attribute"));
      return { name: String.fromCharCode(...name), value: value.slice() };
    });
  },
  findFault: findXattrsFault,
};

function findXattrsFault(all: readonly Xattr[]): string | undefined {
  const bytes = all.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  if (bytes > factLimits.xattrsBytes || all.length > factLimits.xattrCount)
    return "has more extended attributes than are sent";
  const isNamed = ({ name }: Xattr): boolean =>
    name.length > 0 && name.length <= factLimits.xattrNameBytes && !name.includes("\0");
  const isSorted = all.every(({ name }, i) => i === 0 || all[i - 1]!.name < name);
  return isSorted && all.every(isNamed) ? undefined : "has extended attributes that cannot be";
}

/** In the order in which the system stores them. */
export const aclTags = ["user-owner", "user", "group-owner", "group", "mask", "other"] as const;

const aclRow = <Name extends "acl" | "defaultAcl">(name: Name, column: number): FactRow<Name> => ({
  name,
  column,
  write(out, entries) {
    out.uvarint(entries.length);
    for (const { tag, permissions, owner } of entries) {
      out.u8(aclTags.indexOf(tag) * 8 + permissions);
      if (owner) writeOwner(out, owner);
    }
  },
  read(input): Required<Facts>[Name] {
    const count = readUpTo(input, factLimits.aclEntryCount, "the number of entries of an ACL");
    return Array.from({ length: count }, (): AclEntry => {
      const head = input.u8();
      const tag = aclTags[head >> 3];
      if (tag === undefined) throw new SyncError("BAD_MESSAGE", "an ACL has an unknown entry");
      const entry = { tag, permissions: head & 7 };
      return isNamed(tag) ? { ...entry, owner: readOwner(input) } : entry;
    });
  },
  findFault: findAclFault,
});

function isNamed(tag: AclEntry["tag"]): boolean {
  return tag === "user" || tag === "group";
}

function findAclFault(entries: readonly AclEntry[]): string | undefined {
  if (entries.length > factLimits.aclEntryCount) return "has an ACL with more entries than are sent";
  const isLegal = entries.every(({ owner, permissions, tag }, i) => {
    if (permissions < 0 || permissions > 7 || isNamed(tag) !== (owner !== undefined)) return false;
    if (owner && findOwnerFault(owner) !== undefined) return false;
    const before = i === 0 ? -1 : aclTags.indexOf(entries[i - 1]!.tag);
    return aclTags.indexOf(tag) > before || (isNamed(tag) && aclTags.indexOf(tag) === before);
  });
  const hasAll = (["user-owner", "group-owner", "other"] as const).every((tag) =>
    entries.some((entry) => entry.tag === tag),
  );
  return isLegal && (hasAll || entries.length === 0) ? undefined : "has an ACL that cannot be";
}

function readUpTo(input: ByteReader, limit: number, what: string): number {
  const actual = input.uvarint();
  if (actual > limit) throw new SyncError("LIMIT", `${what} is ${actual}`, { detail: { actual, limit } });
  return actual;
}

/** All facts, in the order of their columns. */
export const factRows: readonly FactRow[] = [
  ownerRow("user", 10),
  ownerRow("group", 11),
  accessed,
  xattrs,
  aclRow("acl", 14),
  aclRow("defaultAcl", 15),
] as readonly FactRow[];

/** Why facts may not be, or undefined when they may. */
export function findFactsFault(facts: Facts): string | undefined {
  for (const row of factRows) {
    const value = facts[row.name];
    const fault = value === undefined ? undefined : row.findFault(value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** True for facts of which each is the same object. */
export function isAlike(some: Facts, others: Facts): boolean {
  return factRows.every(({ name }) => some[name] === others[name]);
}
