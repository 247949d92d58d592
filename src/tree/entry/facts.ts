import type { Bytes } from "../../types.ts";

/** How much is told of an entry beside its name, its mode and its time. */
export const factLimits = Object.freeze({
  /** UTF-8 bytes in the name of a user or group. */
  ownerNameBytes: 256,
  /** Extended attributes of one entry. */
  xattrCount: 1024,
  /** Bytes in the name of one. */
  xattrNameBytes: 255,
  /** Bytes of all names and values of one entry. */
  xattrsBytes: 262_144,
  /** Entries of one access control list. */
  aclEntryCount: 1024,
});

/** The number that stands for no user and no group. */
export const noOwner = 0xffff_ffff;

/** A user or a group. */
export interface Owner {
  /** 0 to 2^32 - 2. */
  readonly id: number;
  /** Absent where the system of the sender knows no name. */
  readonly name?: string;
}

/** A point in time: whole seconds since 1970, and nanoseconds into that second. */
export interface Moment {
  readonly sec: number;
  readonly nsec: number;
}

/** An extended attribute. */
export interface Xattr {
  /** With its namespace, one character per byte. */
  readonly name: string;
  readonly value: Bytes;
}

/** An entry of a POSIX access control list, acl(5). */
export interface AclEntry {
  readonly tag: "user-owner" | "user" | "group-owner" | "group" | "mask" | "other";
  /** Read 4, write 2, execute 1. */
  readonly permissions: number;
  /** Whom an entry of tag `user` or `group` is about; absent for the others. */
  readonly owner?: Owner;
}

/** Facts of an entry that are told when they are asked for; each one is a row of `factRows`. */
export interface Facts {
  readonly user?: Owner;
  readonly group?: Owner;
  /** The last access; of what is neither directory nor link: to read these is an access. */
  readonly accessed?: Moment;
  /** All that there are, by name; not those that hold access control lists. */
  readonly xattrs?: readonly Xattr[];
  /** Who may do what beside what the mode says; empty where that says all. */
  readonly acl?: readonly AclEntry[];
  /** What is given to new entries of a directory. */
  readonly defaultAcl?: readonly AclEntry[];
}
