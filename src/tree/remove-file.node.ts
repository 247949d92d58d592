import fs from "node:fs";
import { isErrno } from "./file-trouble.node.ts";
import type { HeldDirs, NameIn } from "./held-dirs.node.ts";

/** Removes a file or link, if it is there. */
export function removeFile(held: HeldDirs, { dir, name }: NameIn): void {
  try {
    fs.unlinkSync(held.at(dir, name));
  } catch (thrown) {
    if (!isErrno(thrown, "ENOENT")) throw thrown;
  }
}
