import fs from "node:fs";
import { closingAfter, doAll } from "../../../bytes/closing.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { setMode } from "../facts/metadata.node.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

/**
 * True when a directory is private, as far as its file system can tell users apart: it is this
 * user's, and nobody else may enter it. A file system without owners or modes shows that at a new
 * file, which then has another owner than this process, or is open to others though it was made for
 * its owner alone.
 *
 * @param name of a temporary file, which is made only when the directory does not look private
 */
export function isPrivate(held: HeldDirs, dir: DirNode, name: ByteString): boolean {
  const there = held.lookAtDir(dir);
  if (isOursAlone(there)) {
    // A default ACL may have taken away from what the directory was made with.
    if ((there.mode & 0o700) !== 0o700) setMode(held.pathTo(dir), there, 0o700);
    return true;
  }
  const made = makeFile(held, dir, name);
  if (!made) return false;
  const hasOwners = isOurs(made);
  const hasModes = !isOpenToOthers(made);
  return (
    (hasOwners ? isOurs(there) : made.owner === there.owner) && (hasModes ? !isOpenToOthers(there) : true)
  );
}

/** True of what this user alone may enter. */
export function isOursAlone(there: FileStats): boolean {
  return isOurs(there) && !isOpenToOthers(there);
}

function isOpenToOthers({ mode }: FileStats): boolean {
  return (mode & 0o077) !== 0;
}

function isOurs({ owner }: FileStats): boolean {
  return process.getuid === undefined || owner === process.getuid();
}

/** What a new file is that is to be its owner's alone; undefined when none can be made. */
function makeFile(held: HeldDirs, dir: DirNode, name: ByteString): FileStats | undefined {
  try {
    const fd = held.open(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    const remove = (): void => doAll([() => fs.closeSync(fd), () => fs.unlinkSync(held.at(dir, name))]);
    return closingAfter(() => lookAtHandle(fd), remove);
  } catch (thrown) {
    if (isErrno(thrown)) return undefined;
    throw thrown;
  }
}
