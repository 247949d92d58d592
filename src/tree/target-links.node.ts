import fs from "node:fs";
import type { Bytes } from "../types.ts";
import type { ByteString, NativePath } from "./byte-string.node.ts";
import { isErrno } from "./file-trouble.node.ts";
import type { DirNode, HeldDirs } from "./held-dirs.node.ts";
import type { Staging } from "./staging.node.ts";
import { timeSetter } from "./times.node.ts";
import type { Entry } from "./tree.ts";

/** Makes a link, in one step in place of what was there. Its text is stored as it is and never followed. */
export function makeLink(
  held: HeldDirs,
  staging: Staging,
  dir: DirNode,
  name: ByteString,
  entry: Entry,
): void {
  const temp = staging.newName(dir, name);
  const path = held.at(dir, name);
  if (held.look(dir, name)?.kind === "dir") fs.rmdirSync(path);
  try {
    createLink(entry.target!, staging.at(temp), entry);
    fs.renameSync(staging.at(temp), held.at(dir, name));
  } catch (thrown) {
    staging.remove(temp);
    if (!isErrno(thrown, "EXDEV")) throw thrown;
    fs.rmSync(held.at(dir, name), { force: true });
    createLink(entry.target!, held.at(dir, name), entry);
  }
}

function createLink(text: Bytes, path: NativePath, { mtimeSec, mtimeNsec }: Entry): void {
  fs.symlinkSync(Buffer.from(text), path);
  timeSetter().setPath(path, mtimeSec, mtimeNsec);
}
