import fs from "node:fs";
import type { NativePath } from "./byte-string.node.ts";

/** A file system that one system at a time writes to. */
interface LocalType {
  /** What of a file is the same for as long as it is there. */
  readonly keeps: "inode and birth" | "inode" | "nothing";
  /** True where two files may have blocks in common. */
  readonly sharesBlocks: boolean;
}

/** Those, by their numbers in statfs(2). */
const localTypes: ReadonlyMap<number, LocalType> = new Map([
  [0xef53, { keeps: "inode and birth", sharesBlocks: false }], // ext2, ext3, ext4
  [0x58465342, { keeps: "inode and birth", sharesBlocks: true }], // XFS
  [0x9123683e, { keeps: "inode and birth", sharesBlocks: true }], // Btrfs
  [0x01021994, { keeps: "inode and birth", sharesBlocks: false }], // tmpfs
  // Overlay: what is written to is copied, and born again.
  [0x794c7630, { keeps: "inode", sharesBlocks: true }],
  [0x2fc12fc1, { keeps: "inode and birth", sharesBlocks: true }], // ZFS
  [0xf2f52010, { keeps: "inode and birth", sharesBlocks: false }], // F2FS
  [0xca451a4e, { keeps: "inode and birth", sharesBlocks: true }], // bcachefs
  [0x7366746e, { keeps: "inode", sharesBlocks: false }], // NTFS
  [0x4d44, { keeps: "nothing", sharesBlocks: false }], // FAT
  [0x2011bab0, { keeps: "nothing", sharesBlocks: false }], // exFAT
]);
const nfsType = 0x6969;

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
  return (localTypes.get(fs.statfsSync(path).type)?.keeps ?? "nothing") !== "nothing";
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
  return type === nfsType || (localTypes.get(type)?.keeps ?? "nothing") !== "nothing";
}

/**
 * True when the time at which a file was made is kept for as long as it is there. In doubt it is
 * false.
 */
export function keepsBirths(fd: number): boolean {
  return process.platform === "linux" && localTypes.get(typeOf(fd))?.keeps === "inode and birth";
}

/** True when files may have blocks in common. In doubt it is true. */
export function mayShareBlocks(fd: number): boolean {
  return process.platform !== "linux" || localTypes.get(typeOf(fd))?.sharesBlocks !== false;
}

function typeOf(fd: number): number {
  return fs.statfsSync(`/proc/self/fd/${fd}`).type;
}
