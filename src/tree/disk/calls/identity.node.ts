import { keepsBirths, keepsInodes } from "./disk-kind.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import { isErrno } from "./file-trouble.node.ts";
import { lookAtHandle } from "./look-at.node.ts";

/** What tells files and directories apart, wherever they are and whatever they are called. */
export type Identity = Pick<FileStats, "device" | "inode" | "owner" | "bornUsec">;

/** What nothing is the same as. */
const forgotten: Identity = { device: NaN, inode: NaN, owner: NaN, bornUsec: NaN };

/** What is open. Some file systems know nothing more of a directory that was removed meanwhile. */
export function identityOf(fd: number): Identity {
  try {
    return identityIn(lookAtHandle(fd));
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT", "ESTALE")) return forgotten;
    throw thrown;
  }
}

/** What was looked at. */
export function identityIn({ device, inode, owner, bornUsec }: FileStats): Identity {
  return { device, inode, owner, bornUsec };
}

/** True for the same file or directory, one of which is open. */
export function isSameFile(a: Identity, b: Identity): boolean {
  return a.inode === b.inode && a.device === b.device && a.owner === b.owner;
}

/**
 * True for what is the same as before, though it was not open all the time: as far as the file
 * system lets that be seen.
 *
 * @param fd something open on that file system
 */
export function isStillSame(before: Identity, now: Identity, fd: number): boolean {
  if (isSameFile(before, now)) return before.bornUsec === now.bornUsec || !keepsBirths(fd);
  return before.device === now.device && before.owner === now.owner && !keepsInodes(fd);
}
