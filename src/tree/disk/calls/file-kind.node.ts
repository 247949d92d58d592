import fs from "node:fs";
import type { DeviceNumber, EntryKind } from "../../entry/entry.ts";

const { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } = fs.constants;

const types: Readonly<Record<EntryKind, number>> = {
  file: S_IFREG,
  dir: S_IFDIR,
  symlink: S_IFLNK,
  fifo: S_IFIFO,
  socket: S_IFSOCK,
  charDevice: S_IFCHR,
  blockDevice: S_IFBLK,
};

/** The bits of a mode below its type. */
const typeShift = 12;
const kinds: (EntryKind | undefined)[] = Array.from({ length: (S_IFMT >> typeShift) + 1 });
for (const kind of Object.keys(types) as EntryKind[]) kinds[types[kind] >> typeShift] = kind;

/** The kind of what has a mode with its type, as stat(2) gives it. */
export function kindOfMode(mode: number): EntryKind | "other" {
  return kinds[(mode & S_IFMT) >> typeShift] ?? "other";
}

/** The type in such a mode; 0 of one that is not known. */
export function typeOfKind(kind: EntryKind | "other"): number {
  return kind === "other" ? 0 : types[kind];
}

/** True for the mode of a device, with its type. */
export function isDeviceMode(mode: number): boolean {
  const type = mode & S_IFMT;
  return type === S_IFCHR || type === S_IFBLK;
}

/** The number of a device in one, as stat(2) gives it. */
export function deviceOf(major: number, minor: number): number {
  const low = (minor & 0xff) + (major & 0xfff) * 2 ** 8;
  return low + (minor >>> 8) * 2 ** 20 + (major >>> 12) * 2 ** 44;
}

/** The parts of such a number. */
export function partsOfDevice(device: number): DeviceNumber {
  const major = (Math.floor(device / 2 ** 8) & 0xfff) + Math.floor(device / 2 ** 44) * 2 ** 12;
  const minor = (device & 0xff) + (Math.floor(device / 2 ** 20) % 2 ** 24) * 2 ** 8;
  return { major, minor };
}
