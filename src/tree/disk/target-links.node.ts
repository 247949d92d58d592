import fs from "node:fs";
import type { Backups } from "./backups.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import { isErrno } from "./file-trouble.node.ts";
import type { NameIn } from "./dir-node.node.ts";
import type { HeldDirs } from "./held-dirs.node.ts";
import type { LinkedFiles } from "./linked-files.node.ts";
import type { MetadataSetter } from "./metadata.node.ts";
import type { OldFiles } from "./old-files.node.ts";
import { putOverDir, type Replacements } from "./replacements.node.ts";
import type { Staging } from "./staging.node.ts";

/** What a link needs from the target it belongs to. */
interface LinkTools {
  readonly held: HeldDirs;
  readonly staging: Staging;
  readonly replacements: Replacements;
  readonly backups: Backups | undefined;
  readonly oldFiles: OldFiles | undefined;
  readonly linkedFiles: LinkedFiles;
  readonly metadata: MetadataSetter;
}

/**
 * Makes a link, in one step in place of what was there. Its text is stored as it is and never
 * followed.
 */
export function makeLink(
  { backups, held, linkedFiles, metadata, oldFiles, replacements, staging }: LinkTools,
  { dir, name, number, entry, there }: PlannedEntry,
): void {
  const makeFrom = (temp: NameIn): void => {
    try {
      fs.symlinkSync(Buffer.from(entry.target!), held.at(temp.dir, temp.name));
      metadata.setLinkFacts(held, temp, entry);
      metadata.setLinkTime(held, temp, entry, () => staging.newName(dir, name));
      if (there?.kind !== "dir") held.rename(temp.dir, temp.name, dir, name);
      else if (!putOverDir(held, temp, dir, name)) {
        replacements.wait({ entry: number, dir, name, kind: "symlink", size: 0 }, temp);
      }
    } catch (thrown) {
      staging.remove(temp);
      throw thrown;
    }
  };
  if (there && there.kind !== "dir") backups?.keep({ dir, name });
  if (there?.kind === "file") oldFiles?.keep(dir, name, there.size);
  try {
    makeFrom(staging.newName(dir, name));
  } catch (thrown) {
    if (!isErrno(thrown, "EXDEV")) throw thrown;
    staging.besides(dir, (room) => makeFrom(room.newName(dir, name)));
  }
  if (there) linkedFiles.note(there);
}
