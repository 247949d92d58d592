import fs from "node:fs";
import { isErrno } from "./file-trouble.node.ts";
import { DirNode, pathBelow, type NameIn } from "./dir-node.node.ts";
import type { HeldDirs } from "./held-dirs.node.ts";
import { walk } from "./walk.node.ts";

/** Removes a file or link, if it is there. */
export function removeFile(held: HeldDirs, { dir, name }: NameIn): void {
  try {
    fs.unlinkSync(held.at(dir, name));
  } catch (thrown) {
    if (!isErrno(thrown, "ENOENT")) throw thrown;
  }
}

/**
 * Removes a directory and all that is in it, the deepest first, each by its name in a directory
 * that is held open.
 */
export function removeDir(held: HeldDirs, { dir, name }: NameIn): void {
  const from = new DirNode(dir, name);
  const above = { depth: 0, pathBytes: -pathBelow(from).length };
  for (const found of [...walk(held, { from, above })].reverse()) {
    if (found.stats.kind === "dir") fs.rmdirSync(held.at(found.dir, found.name));
    else removeFile(held, found);
  }
  fs.rmdirSync(held.at(dir, name));
}
