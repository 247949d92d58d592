import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { Standing } from "../../plan/comparison.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { DirNode } from "../calls/dir-node.node.ts";
import { lookBehindLink } from "../source/followed-links.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { Entry } from "../../entry/entry.ts";

/** What stands at a name on disk. */
export interface FoundStanding extends FileStats, Omit<Standing, "rdev"> {
  /** True for a directory that a link leads to which stands there. */
  readonly isBehindLink?: boolean;
}

/**
 * What stands at a name in a directory, as far as an entry has to be compared with it.
 *
 * @param keepsDirLinks true to take a link for the directory that it leads to, where one comes
 */
export function standingAt(
  held: HeldDirs,
  dir: DirNode,
  name: ByteString,
  { kind }: Entry,
  keepsDirLinks = false,
): FoundStanding | undefined {
  if (dir.isNew) return undefined;
  const stats = held.look(dir, name);
  if (stats?.kind === "dir" && kind !== "dir")
    return { ...stats, isEmpty: lookInto(held, dir, name) === "empty" };
  if (keepsDirLinks && stats?.kind === "symlink" && kind === "dir") {
    const behind = lookBehindLink(held, dir, name);
    return behind?.kind === "dir" ? { ...behind, isBehindLink: true } : stats;
  }
  if (stats?.kind !== "symlink" || kind !== "symlink") return stats;
  return { ...stats, target: held.readLink(dir, name) };
}

/** Whether something is in a directory, as far as its mode lets this user see that. */
export function lookInto(held: HeldDirs, parent: DirNode, name: ByteString): "empty" | "filled" | "closed" {
  let dir: fs.Dir;
  try {
    dir = fs.opendirSync(held.pathTo(new DirNode(parent, name)) as string);
  } catch (thrown) {
    if (!isErrno(thrown, "EACCES")) throw thrown;
    return "closed";
  }
  return closingAfter(
    () => (dir.readSync() === null ? "empty" : "filled"),
    () => dir.closeSync(),
  );
}
