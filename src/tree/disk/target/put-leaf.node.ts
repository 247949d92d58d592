import type { Backups } from "./backups.node.ts";
import type { NameIn } from "../calls/dir-node.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { LinkedFiles } from "./linked-files.node.ts";
import type { OldFiles } from "./old-files.node.ts";
import { putOverDir, type Replacement, type Replacements } from "./replacements.node.ts";
import type { FoundStanding } from "./standing.node.ts";
import type { Staging } from "./staging.node.ts";

/** What is needed to put something that is made in one step. */
export interface LeafTools {
  readonly held: HeldDirs;
  readonly staging: Staging;
  readonly replacements: Replacements;
  readonly backups: Backups | undefined;
  readonly oldFiles: OldFiles | undefined;
  readonly linkedFiles: LinkedFiles;
}

/** A name, and what stands there now. */
interface Leaf extends Replacement {
  readonly there: FoundStanding | undefined;
}

/**
 * Puts what is made in one step in place of what was there.
 *
 * @param isReplaced true when that is to have a backup
 * @param make makes it under a temporary name
 */
export function putLeaf(
  { backups, held, linkedFiles, oldFiles, replacements, staging }: LeafTools,
  leaf: Leaf,
  isReplaced: boolean,
  make: (temp: NameIn) => void,
): void {
  const { dir, name, there } = leaf;
  const makeFrom = (temp: NameIn): void => {
    try {
      make(temp);
      if (there?.kind !== "dir") held.rename(temp.dir, temp.name, dir, name);
      else if (!putOverDir(held, temp, dir, name)) replacements.wait(leaf, temp);
    } catch (thrown) {
      staging.remove(temp);
      throw thrown;
    }
  };
  if (isReplaced && there && there.kind !== "dir") backups?.keep({ dir, name });
  if (there?.kind === "file") oldFiles?.keep(dir, name, there.size);
  try {
    makeFrom(staging.newName(dir, name));
  } catch (thrown) {
    if (!isErrno(thrown, "EXDEV")) throw thrown;
    if (there?.kind === "dir") makeFrom(staging.inside(dir).newName(dir, name));
    else staging.besides(dir, (room) => makeFrom(room.newName(dir, name)));
  }
  if (there) linkedFiles.note(there);
}
