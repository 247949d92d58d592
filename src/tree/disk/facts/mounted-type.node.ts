import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import { type ByteString, nativePath, toByteString } from "../calls/byte-string.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import { isPosixDisk } from "../calls/disk-kind.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { type Mount, readMounts } from "./mounts.node.ts";
import { findProgramOrders } from "./program-orders.node.ts";

/** What is known of a file system by its type, without anything being tried. */
export interface MountedType {
  /** True where each file is known to have an owner and a mode of its own. */
  readonly hasOwners: boolean;
  /** True where no file has a mode of its own. */
  readonly lacksModes: boolean;
  /** True where files lack bits of execution that directories are shown with. */
  readonly showsOwnExecution: boolean;
  /** True where what is made has an owner of its own, whatever is set. */
  readonly lacksUsers: boolean;
  /** The same of groups. */
  readonly lacksGroups: boolean;
  /** True where no link has a time of its own. */
  readonly lacksLinkTimes: boolean;
  /** True where nothing is held but directories, and files that have one name each. */
  readonly isPlain: boolean;
  /** True where names that differ in case alone are one; undefined where the type says nothing. */
  readonly ignoresCase: boolean | undefined;
  /** True for names that cannot be given. */
  readonly refuses: (name: ByteString) => boolean;
}

const unknownType: MountedType = {
  hasOwners: false,
  lacksModes: false,
  showsOwnExecution: false,
  lacksUsers: false,
  lacksGroups: false,
  lacksLinkTimes: false,
  isPlain: false,
  ignoresCase: undefined,
  refuses: () => false,
};
const posixType: MountedType = { ...unknownType, hasOwners: true, ignoresCase: false };
const modelessType: MountedType = { ...unknownType, lacksModes: true };

/** The type of one that knows nothing of Unix. */
const ownerlessType: MountedType = { ...modelessType, lacksUsers: true, lacksGroups: true };

const sftpType: MountedType = { ...unknownType, lacksLinkTimes: true };

const fatType: MountedType = {
  ...ownerlessType,
  lacksLinkTimes: true,
  isPlain: true,
  ignoresCase: true,
  // oxlint-disable-next-line no-control-regex -- these are refused, too
  refuses: (name) => /[\x00-\x1f"*:<>?\\|]/.test(name),
};

/** The types as mountinfo calls them. */
const typesByName: ReadonlyMap<string, MountedType> = new Map([
  ["exfat", fatType],
  ["fuse.exfat", fatType],
  ["fuse.gvfsd-fuse", ownerlessType],
  ["fuse.rclone", ownerlessType],
  ["fuse.sshfs", sftpType],
  ["msdos", fatType],
  ["vfat", fatType],
]);

/** The type of those on a disk that a program brings: exFAT and NTFS, which may have modes. */
const diskByProgram = "fuseblk";

/** The types of those whose programs may be asked what they were told. */
const askedTypes: ReadonlySet<string> = new Set(["fuse", "fuse.bindfs", "fuse.ntfs-3g", diskByProgram]);

/** Where NTFS has a list of owners in here, files have modes and owners without an option. */
const ntfsSettings = ".NTFS-3G";

/** So many files that have one mode there are taken to have been given it. */
const alikeFileCount = 4;

/** The types of file systems that programs bring. */
const byProgram = /^fuse(?:blk$|\.|$)/;

/** What stands in the first sector of an exFAT disk, behind a jump. */
const exfatMark = { at: 3, text: "EXFAT   " };

/** Names that are looked at to tell what a place does, at most. */
const lookedAtCount = 64;

/**
 * What is known of the file system that is mounted at a directory. On systems without mountinfo
 * that is nothing.
 */
export function findMountedType(held: HeldDirs, dir: DirNode): MountedType {
  if (isPosixDisk(held.pathTo(dir))) return posixType;
  const { mount } = held.lookAtDir(dir);
  const found = mount === 0 ? undefined : readMounts().find(({ id }) => id === mount);
  if (found === undefined) return unknownType;
  if (found.type === diskByProgram && isExfat(found)) return fatType;
  const known = typesByName.get(found.type);
  if (known || !byProgram.test(found.type)) return known ?? unknownType;
  const isAsked = askedTypes.has(found.type) && !held.look(dir, ntfsSettings);
  const orders = isAsked ? findProgramOrders(found) : undefined;
  if (!orders) return isUniform(held, dir, true) ? { ...modelessType, ...ownersOf(held, dir) } : unknownType;
  const { lacksGroups, lacksModes, lacksUsers, showsModes } = orders;
  const hidesModes = lacksModes || (showsModes && isUniform(held, dir, false));
  return { ...unknownType, lacksGroups, lacksUsers, lacksModes: hidesModes, showsOwnExecution: showsModes };
}

/** False also where the disk may not be read. */
function isExfat({ source }: Mount): boolean {
  const { at, text } = exfatMark;
  const mark = Buffer.alloc(text.length);
  try {
    const fd = fs.openSync(nativePath(source), "r");
    closingAfter(
      () => fs.readSync(fd, mark, 0, mark.length, at),
      () => fs.closeSync(fd),
    );
  } catch {
    return false;
  }
  return mark.toString("latin1") === text;
}

/**
 * True when all files that are looked at have one mode, and all directories have one: that of the
 * files where `isStrict`, and otherwise there have to be some more.
 */
function isUniform(held: HeldDirs, dir: DirNode, isStrict: boolean): boolean {
  const found = firstStats(held, dir);
  const modesOf = (kind: FileStats["kind"]): number[] =>
    found.flatMap((each) => (each.kind === kind ? [each.mode] : []));
  const files = modesOf("file");
  const modes = new Set(isStrict ? [...files, ...modesOf("dir")] : files);
  const isOne = modes.size === 1 && new Set(modesOf("dir")).size === 1;
  return isOne && files.length >= (isStrict ? 1 : alikeFileCount);
}

/** What has one mode is taken to have been given its owners, too, where it has one of each. */
function ownersOf(held: HeldDirs, dir: DirNode): Pick<MountedType, "lacksGroups" | "lacksUsers"> {
  const found = firstStats(held, dir);
  const hasOne = (whose: "group" | "owner"): boolean => new Set(found.map((each) => each[whose])).size === 1;
  return { lacksUsers: hasOne("owner"), lacksGroups: hasOne("group") };
}

/** A directory, and the first of what is in it. */
function firstStats(held: HeldDirs, dir: DirNode): readonly FileStats[] {
  const inside = firstNames(held, dir).flatMap((name) => held.look(dir, name) ?? []);
  return [held.lookAtDir(dir), ...inside];
}

/**
 * True when names in a directory that differ in case alone are one, as far as that can be told by
 * what is in it; undefined when it cannot.
 */
export function seemsToIgnoreCase(held: HeldDirs, dir: DirNode): boolean | undefined {
  const names = firstNames(held, dir);
  const known = new Set(names);
  const name = names.find((each) => withOtherCase(each) !== each);
  if (name === undefined) return undefined;
  const other = withOtherCase(name);
  return !known.has(other) && looksAlike(held.look(dir, name), held.look(dir, other));
}

/** True for what may be one file: its inode number may be another one at each look. */
function looksAlike(one: FileStats | undefined, other: FileStats | undefined): boolean {
  if (!one || !other) return false;
  const facts = ["kind", "size", "mtimeSec", "mtimeNsec", "ctimeSec", "ctimeNsec"] as const;
  return facts.every((fact) => one[fact] === other[fact]);
}

function firstNames(held: HeldDirs, dir: DirNode): ByteString[] {
  const list = fs.opendirSync(held.pathTo(dir) as string, { encoding: "buffer" as BufferEncoding });
  const names: ByteString[] = [];
  const read = (): void => {
    for (let each = list.readSync(); each && names.length < lookedAtCount; each = list.readSync())
      names.push(toByteString(each.name as unknown as Buffer));
  };
  closingAfter(read, () => list.closeSync());
  return names;
}

function withOtherCase(name: ByteString): ByteString {
  return name.replace(/[a-z]/gi, (letter) => (letter < "a" ? letter.toLowerCase() : letter.toUpperCase()));
}
