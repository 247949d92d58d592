import fs from "node:fs";
import type { ByteString } from "./byte-string.node.ts";
import { isErrno } from "./file-trouble.node.ts";
import type { DirNode, HeldDirs } from "./held-dirs.node.ts";
import type { NameIn } from "./staging-room.node.ts";
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
  const path = held.at(dir, name);
  if (held.look(dir, name)?.kind === "dir") fs.rmdirSync(path);
  const makeFrom = (temp: NameIn): void => {
    try {
      fs.symlinkSync(Buffer.from(entry.target!), held.at(temp.dir, temp.name));
      timeSetter().setPath(held.at(temp.dir, temp.name), entry.mtimeSec, entry.mtimeNsec);
      held.rename(temp.dir, temp.name, dir, name);
    } catch (thrown) {
      staging.remove(temp);
      throw thrown;
    }
  };
  try {
    makeFrom(staging.newName(dir, name));
  } catch (thrown) {
    if (!isErrno(thrown, "EXDEV")) throw thrown;
    staging.besides(dir, (room) => makeFrom(room.newName(dir, name)));
  }
}
