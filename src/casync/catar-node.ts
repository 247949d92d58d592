import type { Bytes } from "../types.ts";

/** What an entry of an archive is. */
export type CatarType = "file" | "dir" | "symlink" | "char" | "block" | "fifo" | "socket";

/** An extended attribute. */
export interface CatarXattr {
  readonly name: Bytes;
  readonly value: Bytes;
}

/** What one user or group may do: 4 read, 2 write, 1 execute. */
export interface CatarAclEntry {
  readonly id: number;
  readonly permissions: number;
  readonly name?: string;
}

/** What a directory gives to those made in it, beside entries for users and groups. */
export interface CatarDefaultAcl {
  readonly user: bigint;
  readonly group: bigint;
  readonly other: bigint;
  /** All bits are set where there is none. */
  readonly mask: bigint;
}

/** Access control lists of an entry, in the order of the archive. */
export interface CatarAcl {
  readonly users: readonly CatarAclEntry[];
  readonly groups: readonly CatarAclEntry[];
  /** Permissions of the owning group, where there is a mask, which then stands in the mode. */
  readonly groupObject?: number;
  readonly default?: CatarDefaultAcl;
  readonly defaultUsers: readonly CatarAclEntry[];
  readonly defaultGroups: readonly CatarAclEntry[];
}

/** One entry of an archive of casync. */
export interface CatarNode {
  /** Directories around it: 0 for the root. */
  readonly depth: number;
  /** One path component, checked to be one; empty for the root. */
  readonly name: Bytes;
  readonly type: CatarType;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Flags of the file system, by the bits of `casyncFeatures`. */
  readonly flags: bigint;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, may be negative. */
  readonly mtimeNs: bigint;
  /** Bytes of a file's content; 0 for other types. */
  readonly size: number;
  readonly user?: string;
  readonly group?: string;
  /** In ascending order of their names. */
  readonly xattrs: readonly CatarXattr[];
  readonly acl?: CatarAcl;
  readonly selinux?: Bytes;
  readonly fcaps?: Bytes;
  readonly projectId?: number;
  /** What a symlink holds. */
  readonly target?: Bytes;
  readonly device?: { readonly major: number; readonly minor: number };
}

/** What an archive is made of, in order: each directory is left behind its last entry. */
export type CatarEvent =
  | { readonly type: "node"; readonly node: CatarNode }
  | { readonly type: "content"; readonly bytes: Bytes }
  | { readonly type: "leave" };

const formats: readonly (readonly [CatarType, bigint])[] = [
  ["fifo", 0o010000n],
  ["char", 0o020000n],
  ["dir", 0o040000n],
  ["block", 0o060000n],
  ["file", 0o100000n],
  ["symlink", 0o120000n],
  ["socket", 0o140000n],
];

/** The type that the bits of a mode stand for; undefined for none. */
export function typeOfMode(mode: bigint): CatarType | undefined {
  return formats.find(([, bits]) => bits === (mode & ~0o7777n))?.[0];
}

/** The bits of a mode that stand for a type. */
export function modeOfType(type: CatarType): bigint {
  return formats.find(([name]) => name === type)![1];
}

/** What archives may hold, so that no reader of one takes memory without bound. */
export const catarLimits = Object.freeze({
  /** Directories within each other, the root included. */
  catarDepthCount: 1024,
  /** Bytes of a name. */
  catarNameBytes: 255,
  /** Bytes of what a symlink holds, with the NUL behind it. */
  catarTargetBytes: 4096,
  /** Bytes of everything that one entry has beside its content. */
  catarMetadataBytes: 1_048_576,
  /** Records of an entry beside its content: each attribute is one, and each line of an ACL. */
  catarMetadataCount: 4096,
});
