import fs from "node:fs";
import type { NativePath } from "./byte-string.node.ts";

/** What of a file is the same for as long as it is there. */
type Lasting = "inode and birth" | "inode" | "nothing";

/** File systems that one system at a time writes to, by their numbers in statfs(2). */
const localTypes = new Map<number, Lasting>([
  [0xef53, "inode and birth"], // ext2, ext3, ext4
  [0x58465342, "inode and birth"], // XFS
  [0x9123683e, "inode and birth"], // Btrfs
  [0x01021994, "inode and birth"], // tmpfs
  [0x794c7630, "inode"], // overlay: what is written to is copied, and born again
  [0x2fc12fc1, "inode and birth"], // ZFS
  [0xf2f52010, "inode and birth"], // F2FS
  [0xca451a4e, "inode and birth"], // bcachefs
  [0x7366746e, "inode"], // NTFS
  [0x4d44, "nothing"], // FAT
  [0x2011bab0, "nothing"], // exFAT
]);
const nfsType = 0x6969;

/** File systems in which no two files have a block in common: ext, tmpfs, F2FS, NTFS, (ex)FAT. */
const unsharingTypes: ReadonlySet<number> = new Set([
  0xef53, 0x01021994, 0xf2f52010, 0x7366746e, 0x4d44, 0x2011bab0,
]);

/** True when no other machine can write to the file system of a directory. In doubt it is false. */
export function isLocalDisk(path: NativePath): boolean {
  return process.platform === "linux" && localTypes.has(fs.statfsSync(path).type);
}

/**
 * True when a directory is on a disk that holds what POSIX knows: entries of every kind, by any
 * name, and names that differ in case. In doubt it is false.
 */
export function isPosixDisk(path: NativePath): boolean {
  if (process.platform !== "linux") return false;
  return (localTypes.get(fs.statfsSync(path).type) ?? "nothing") !== "nothing";
}

/**
 * True when a file keeps its inode number for as long as it is there; FUSE and others give it
 * another one now and then. In doubt it is false.
 *
 * @param fd something open on the file system
 */
export function keepsInodes(fd: number): boolean {
  if (process.platform !== "linux") return true;
  const type = typeOf(fd);
  return type === nfsType || (localTypes.get(type) ?? "nothing") !== "nothing";
}

/**
 * True when the time at which a file was made is kept for as long as it is there. In doubt it is
 * false.
 */
export function keepsBirths(fd: number): boolean {
  return process.platform === "linux" && localTypes.get(typeOf(fd)) === "inode and birth";
}

/** True when files may have blocks in common. In doubt it is true. */
export function mayShareBlocks(fd: number): boolean {
  return process.platform !== "linux" || !unsharingTypes.has(typeOf(fd));
}

function typeOf(fd: number): number {
  return fs.statfsSync(`/proc/self/fd/${fd}`).type;
}
