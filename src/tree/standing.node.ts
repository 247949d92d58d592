import fs from "node:fs";
import type { ByteString, NativePath } from "./byte-string.node.ts";
import type { Standing } from "./comparison.ts";
import type { FileStats } from "./file-stats.node.ts";
import { DirNode } from "./dir-node.node.ts";
import type { HeldDirs } from "./held-dirs.node.ts";
import type { Entry } from "./tree.ts";

/** What stands at a name on disk. */
export interface FoundStanding extends FileStats, Standing {}

/** What stands at a name in a directory, as far as an entry has to be compared with it. */
export function standingAt(
  held: HeldDirs,
  dir: DirNode,
  name: ByteString,
  { kind }: Entry,
): FoundStanding | undefined {
  if (dir.isNew) return undefined;
  const stats = held.look(dir, name);
  if (stats?.kind === "dir" && kind !== "dir")
    return { ...stats, isEmpty: isEmpty(held.pathTo(new DirNode(dir, name))) };
  if (stats?.kind !== "symlink" || kind !== "symlink") return stats;
  return { ...stats, target: fs.readlinkSync(held.at(dir, name), { encoding: "buffer" }) };
}

function isEmpty(path: NativePath): boolean {
  const dir = fs.opendirSync(path as string);
  try {
    return dir.readSync() === null;
  } finally {
    dir.closeSync();
  }
}
