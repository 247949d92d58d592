import fs from "node:fs";
import { terminate, type NativePath } from "./byte-string.node.ts";
import type { NameAt } from "./call-at.node.ts";
import { maxNameBytes } from "../../entry/entry-order.ts";
import { findLibc } from "./libc.node.ts";
import type { DeviceNumber, EntryKind } from "../../entry/entry.ts";

/** What the system says about a path or an open file. */
export interface FileStats {
  readonly kind: EntryKind | "other";
  /** Bytes. */
  readonly size: number;
  /** The permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  /** The last change of content or metadata, which nobody can set. */
  readonly ctimeSec: number;
  readonly ctimeNsec: number;
  /** Tells files of one file system apart, as long as its numbers stay below 2^53. */
  readonly inode: number;
  /**
   * When it was made, in microseconds; 0 where the system does not say. Another one may get the
   * inode number of one that is gone.
   */
  readonly bornUsec: number;
  /** Tells file systems apart. */
  readonly device: number;
  /** Tells apart the places that a file system is mounted at; 0 where the system does not say. */
  readonly mount: number;
  /** The number of the user whose it is. */
  readonly owner: number;
  /** The number of the group that it belongs to. */
  readonly group: number;
  /** The last access. */
  readonly accessSec: number;
  readonly accessNsec: number;
  /** Names that the file has. */
  readonly linkCount: number;
  /** Which device it is; undefined for what is none. */
  readonly rdev: DeviceNumber | undefined;
  /** Whose it stands for, where another user's is to be seen than that of the file. */
  readonly fakeOwners?: { readonly owner: number; readonly group: number };
}

/** Whose a file is, or stands for. */
export function ownersOf({ fakeOwners, owner, group }: FileStats): {
  readonly owner: number;
  readonly group: number;
} {
  return fakeOwners ?? { owner, group };
}

type LookAt = (at: NameAt) => FileStats | undefined;

let chosen: LookAt | undefined;

/**
 * Looks at a name in an open directory and follows no link; undefined when nothing is there.
 *
 * @param at with an empty name to look at the handle itself
 */
export function lookAt(at: NameAt): FileStats | undefined {
  chosen ??= statxLook() ?? nodeLook;
  return chosen(at);
}

/** Looks at an open file. */
export function lookAtHandle(fd: number): FileStats {
  return lookAt({ dirFd: fd, name: "", path: noPath })!;
}

function noPath(): NativePath {
  return "";
}

/** Looks by Node's own calls: where the C library cannot be called, and as the twin of what can. */
export const nodeLook: LookAt = (at) => {
  const { dirFd, name } = at;
  const stats =
    name === ""
      ? fs.fstatSync(dirFd, { bigint: true })
      : fs.lstatSync(at.path(), { bigint: true, throwIfNoEntry: false });
  if (!stats) return undefined;
  const [mtimeSec, mtimeNsec] = splitTime(stats.mtimeNs);
  const [ctimeSec, ctimeNsec] = splitTime(stats.ctimeNs);
  const [accessSec, accessNsec] = splitTime(stats.atimeNs);
  const mode = Number(stats.mode);
  return {
    kind: kindOfMode(mode),
    size: Number(stats.size),
    mode: mode & 0o7777,
    mtimeSec,
    mtimeNsec,
    ctimeSec,
    ctimeNsec,
    inode: Number(stats.ino),
    bornUsec: 0,
    device: Number(stats.dev),
    mount: 0,
    owner: Number(stats.uid),
    group: Number(stats.gid),
    accessSec,
    accessNsec,
    linkCount: Number(stats.nlink),
    rdev: isDeviceMode(mode) ? partsOf(stats.rdev) : undefined,
  };
};

/** A time in nanoseconds as seconds, rounded down, and the nanoseconds into that second. */
function splitTime(timeNs: bigint): [sec: number, nsec: number] {
  const sec = Number(timeNs / 1_000_000_000n);
  const nsec = Number(timeNs % 1_000_000_000n);
  return nsec < 0 ? [sec - 1, nsec + 1_000_000_000] : [sec, nsec];
}

/** A third of what Node's own call costs: it makes no objects but the one that is asked for. */
function statxLook(): LookAt | undefined {
  const statx = findLibc()?.statx;
  if (!statx) return undefined;
  const path = Buffer.alloc(maxNameBytes + 1);
  const into = new DataView(new ArrayBuffer(256));
  const bytes = new Uint8Array(into.buffer);
  return (at) => {
    const { dirFd, name } = at;
    if (name.length > maxNameBytes) return nodeLook(at);
    return statx(dirFd, terminate(path, name), bytes) ? readStatx(into) : undefined;
  };
}

/** struct statx of statx(2), on systems that store the low byte first. */
function readStatx(view: DataView): FileStats {
  const mode = view.getUint16(28, true);
  return {
    kind: kindOfMode(mode),
    size: readWide(view, 40),
    mode: mode & 0o7777,
    mtimeSec: readWide(view, 112),
    mtimeNsec: view.getUint32(120, true),
    ctimeSec: readWide(view, 96),
    ctimeNsec: view.getUint32(104, true),
    inode: readWide(view, 32),
    bornUsec: readWide(view, 80) * 1_000_000 + Math.floor(view.getUint32(88, true) / 1000),
    device: deviceOf(view.getUint32(136, true), view.getUint32(140, true)),
    mount: readWide(view, 144),
    owner: view.getUint32(20, true),
    group: view.getUint32(24, true),
    accessSec: readWide(view, 64),
    accessNsec: view.getUint32(72, true),
    linkCount: view.getUint32(16, true),
    rdev: isDeviceMode(mode)
      ? { major: view.getUint32(128, true), minor: view.getUint32(132, true) }
      : undefined,
  };
}

function isDeviceMode(mode: number): boolean {
  const type = mode & fs.constants.S_IFMT;
  return type === fs.constants.S_IFCHR || type === fs.constants.S_IFBLK;
}

/** The parts of the number of a device that is one, as stat(2) gives it on Linux. */
function partsOf(device: bigint): DeviceNumber {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffff_ff00n);
  return { major: Number(major), minor: Number(minor) };
}

/** The number of a device in one, as stat(2) gives it. */
export function deviceOf(major: number, minor: number): number {
  const low = (minor & 0xff) + (major & 0xfff) * 2 ** 8;
  return low + (minor >>> 8) * 2 ** 20 + (major >>> 12) * 2 ** 44;
}

/** A signed number of 64 bits, exact below 2^53. */
function readWide(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

const types: Readonly<Record<EntryKind, number>> = {
  file: fs.constants.S_IFREG,
  dir: fs.constants.S_IFDIR,
  symlink: fs.constants.S_IFLNK,
  fifo: fs.constants.S_IFIFO,
  socket: fs.constants.S_IFSOCK,
  charDevice: fs.constants.S_IFCHR,
  blockDevice: fs.constants.S_IFBLK,
};

const kinds: ReadonlyMap<number, EntryKind> = new Map(
  (Object.keys(types) as EntryKind[]).map((kind) => [types[kind], kind]),
);

/** The kind of what has a mode with its type, as stat(2) gives it. */
export function kindOfMode(mode: number): FileStats["kind"] {
  return kinds.get(mode & fs.constants.S_IFMT) ?? "other";
}

/** The type in such a mode. */
export function typeOfKind(kind: EntryKind): number {
  return types[kind];
}
