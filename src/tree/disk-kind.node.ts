import fs from "node:fs";
import type { NativePath } from "./byte-string.node.ts";

/** File systems that one system at a time writes to, by their numbers in statfs(2), and whether inode numbers last there. */
const localTypes = new Map([
  [0xef53, true], // ext2, ext3, ext4
  [0x58465342, true], // XFS
  [0x9123683e, true], // Btrfs
  [0x01021994, true], // tmpfs
  [0x794c7630, true], // overlay
  [0x2fc12fc1, true], // ZFS
  [0xf2f52010, true], // F2FS
  [0xca451a4e, true], // bcachefs
  [0x7366746e, true], // NTFS
  [0x4d44, false], // FAT
  [0x2011bab0, false], // exFAT
]);
const nfsType = 0x6969;

/** True when no other machine can write to the file system of a directory. In doubt it is false. */
export function isLocalDisk(path: NativePath): boolean {
  return process.platform === "linux" && localTypes.has(fs.statfsSync(path).type);
}

/**
 * True when a file keeps its inode number for as long as it is there; FUSE and others give it another one now and then. In
 * doubt it is false.
 *
 * @param fd something open on the file system
 */
export function keepsInodes(fd: number): boolean {
  if (process.platform !== "linux") return true;
  const { type } = fs.statfsSync(`/proc/self/fd/${fd}`);
  return type === nfsType || (localTypes.get(type) ?? false);
}
