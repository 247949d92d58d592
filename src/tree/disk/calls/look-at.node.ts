import fs from "node:fs";
import { constants } from "node:os";
import { maxNameBytes } from "../../entry/entry-order.ts";
import { terminate, type NativePath } from "./byte-string.node.ts";
import type { NameAt } from "./call-at.node.ts";
import { isDeviceMode, kindOfMode, partsOfDevice } from "./file-kind.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import { errnoError, findLibc, type Libc } from "./libc.node.ts";
import { statxRoomWords, StatxView } from "./statx-view.node.ts";

const own = new StatxView(new Uint32Array(statxRoomWords));
const path = Buffer.alloc(maxNameBytes + 1);

/**
 * Looks at a name in an open directory and follows no link; undefined when nothing is there.
 *
 * @param at with an empty name to look at the handle itself
 */
export function lookAt(at: NameAt): FileStats | undefined {
  const statx = statxFor(at);
  if (!statx) return nodeLook(at);
  return statx(at.dirFd, terminate(path, at.name), own.words) ? own.copy() : undefined;
}

/**
 * Does the same without an object: puts what it finds into words, to be shown by a `StatxView`.
 * Returns false when nothing is there.
 *
 * @param words room for `statxRoomWords`
 */
export function readStats(words: Uint32Array, at: NameAt): boolean {
  const statx = statxFor(at);
  if (statx) return statx(at.dirFd, terminate(path, at.name), words);
  const stats = nodeLook(at);
  if (stats) new StatxView(words).write(stats);
  return stats !== undefined;
}

/** A third of what Node's own call costs. Undefined where the C library cannot be called. */
function statxFor({ name }: NameAt): Libc["statx"] {
  return name.length > maxNameBytes ? undefined : findLibc()?.statx;
}

/** Looks at an open file. @throws ENOENT where its file system knows nothing more of it */
export function lookAtHandle(fd: number): FileStats {
  const found = lookAt({ dirFd: fd, name: "", path: noPath });
  if (!found) throw errnoError(constants.errno.ENOENT, "statx");
  return found;
}

function noPath(): NativePath {
  return "";
}

/** Looks by Node's own calls: where the C library cannot be called, and as the twin of what can. */
export function nodeLook(at: NameAt): FileStats | undefined {
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
    rdev: isDeviceMode(mode) ? partsOfDevice(Number(stats.rdev)) : undefined,
  };
}

/** A time in nanoseconds as seconds, rounded down, and the nanoseconds into that second. */
function splitTime(timeNs: bigint): [sec: number, nsec: number] {
  const sec = Number(timeNs / 1_000_000_000n);
  const nsec = Number(timeNs % 1_000_000_000n);
  return nsec < 0 ? [sec - 1, nsec + 1_000_000_000] : [sec, nsec];
}
