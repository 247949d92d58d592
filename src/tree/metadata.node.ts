import fs from "node:fs";
import type { NativePath } from "./byte-string.node.ts";
import { isSameMode, isSameTime, keepsAll, type Metadata, modeMask } from "./comparison.ts";
import { O_PATH } from "./held-dirs.node.ts";
import { timeSetter } from "./times.node.ts";

const umask = process.umask();

/** The mode to make a file with that its owner has to write: its own where that is possible. */
export function firstMode({ mode }: Metadata): number {
  return (mode & modeMask) | 0o200;
}

/** The mode to make a directory with: its own where that lets its owner work in it, and nobody else write. */
export function firstDirMode({ mode }: Metadata): number {
  return (mode & 0o755) | 0o700;
}

/** Sets mode and time of an open file that was made with `firstMode`. */
export function setHandleMetadata(fd: number, metadata: Metadata): void {
  const mode = metadata.mode & modeMask;
  if ((firstMode(metadata) & ~umask) !== mode) fs.fchmodSync(fd, mode);
  timeSetter().setHandle(fd, metadata.mtimeSec, metadata.mtimeNsec);
}

/** Sets mode and time of a file or directory that is already there, where they differ. Follows no link. */
export function setPathMetadata(path: NativePath, there: Metadata, wanted: Metadata): void {
  if (!isSameMode(there, wanted, keepsAll)) setMode(path, wanted.mode & modeMask);
  if (!isSameTime(there, wanted, keepsAll)) timeSetter().setPath(path, wanted.mtimeSec, wanted.mtimeNsec);
}

/** Sets the mode of what stands at a path, which must be no link. */
export function setMode(path: NativePath, mode: number): void {
  const fd = fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW);
  try {
    // A handle of a place only cannot be changed itself, but the way through it leads to just that file.
    if (O_PATH === fs.constants.O_RDONLY) fs.fchmodSync(fd, mode);
    else fs.chmodSync(`/proc/self/fd/${fd}`, mode);
  } finally {
    fs.closeSync(fd);
  }
}
