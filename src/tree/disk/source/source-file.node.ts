import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import { fileTrouble } from "../calls/file-trouble.node.ts";
import { printPlace, type DirNode } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { ByteRange } from "../../entry/entry.ts";
import { readFlags } from "../../../bytes/open-flags.node.ts";

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
  /** True for one that a link at its name leads to. */
  readonly isBehindLink?: boolean;
  /** What of it is sent; all unless given. */
  readonly range?: ByteRange;
}

const { O_NOFOLLOW } = fs.constants;

/**
 * Opens what stands at the place of a listed file for reading; whether it is that file,
 * `compareWithListed` tells. The caller closes it.
 *
 * @throws VANISHED, PATH when links stand in the way, IO
 */
export function openSourceFile(held: HeldDirs, file: SourceFile): number {
  try {
    const flags = file.isBehindLink === true ? readFlags & ~O_NOFOLLOW : readFlags;
    return held.open(file.dir, file.name, flags);
  } catch (thrown) {
    throw fileTrouble(thrown, printPlace(file.dir, file.name));
  }
}

/**
 * Says whether an open file is what was listed, or has only got longer since. A file may have got
 * another inode number, as files of network file systems do; what took its place has another ctime.
 *
 * @returns "grown" when the part that was listed may be the same, which its content has to prove
 * @throws CHANGED when the file is not, or no longer, what was listed
 */
export function compareWithListed(fd: number, file: SourceFile): "same" | "grown" {
  const stats = lookAtHandle(fd);
  if (stats.kind !== "file") throw changed(file);
  if (stats.size > file.size && stats.inode === file.inode) return "grown";
  const isSame =
    stats.size === file.size &&
    stats.mtimeSec === file.mtimeSec &&
    stats.mtimeNsec === file.mtimeNsec &&
    (stats.inode === file.inode || (stats.ctimeSec === file.ctimeSec && stats.ctimeNsec === file.ctimeNsec));
  if (isSame) return "same";
  throw changed(file);
}

/** The error of a file that is not what was listed. */
export function changed({ dir, name }: SourceFile): SyncError {
  const detail = { path: printPlace(dir, name) };
  return new SyncError("CHANGED", "a file changed after it was listed", { detail });
}
