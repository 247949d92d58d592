import fs from "node:fs";
import { SyncError } from "../errors.ts";
import type { ByteString } from "./byte-string.node.ts";
import { lookAtHandle } from "./file-stats.node.ts";
import { fileTrouble } from "./file-trouble.node.ts";
import { printPlace, type DirNode, type HeldDirs } from "./held-dirs.node.ts";

/** A file as it was listed: where it is, and by what to see that it is still the same. */
export interface SourceFile {
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly size: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  readonly inode: number;
  readonly ctimeSec: number;
  readonly ctimeNsec: number;
}

/** Non-blocking, because a pipe that took the file's place would keep us waiting. */
const readFlags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/**
 * Opens what stands at the place of a listed file for reading; whether it is that file, `checkUnchanged` tells. The caller
 * closes it.
 *
 * @throws VANISHED, PATH when links stand in the way, IO
 */
export function openSourceFile(held: HeldDirs, file: SourceFile): number {
  try {
    return held.open(file.dir, file.name, readFlags);
  } catch (thrown) {
    throw fileTrouble(thrown, printPlace(file.dir, file.name));
  }
}

/**
 * A file may have got another inode number since it was listed, as files of network file systems do; what took its place
 * has another ctime.
 *
 * @throws CHANGED when an open file is not, or no longer, what was listed
 */
export function checkUnchanged(fd: number, file: SourceFile): void {
  const stats = lookAtHandle(fd);
  const isSame =
    stats.size === file.size &&
    stats.mtimeSec === file.mtimeSec &&
    stats.mtimeNsec === file.mtimeNsec &&
    (stats.inode === file.inode || (stats.ctimeSec === file.ctimeSec && stats.ctimeNsec === file.ctimeNsec));
  if (isSame && stats.kind === "file") return;
  const detail = { path: printPlace(file.dir, file.name) };
  throw new SyncError("CHANGED", "a file changed after it was listed", { detail });
}
