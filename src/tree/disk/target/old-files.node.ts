import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import { copyContent } from "../calls/copy-content.node.ts";
import type { DirNode, NameIn } from "../calls/dir-node.node.ts";
import { fileTrouble } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { Places } from "./places.node.ts";
import type { Staging } from "./staging.node.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

/** What old files need from the target that they belong to. */
interface OldFilesTools {
  readonly held: HeldDirs;
  readonly staging: Staging;
  readonly places: Places;
  readonly abandoned: NameIn[];
  readonly search: { addOld(at: NameIn, size: number): void };
}

/**
 * Files that others take the place of while a sender counts on their content. Each stays readable
 * under a temporary name until the session ends.
 */
export class OldFiles {
  readonly #tools: OldFilesTools;

  constructor(tools: OldFilesTools) {
    this.#tools = tools;
  }

  /**
   * Keeps a file before it is replaced, if that is possible: whoever needs its content reports that
   * it is missing.
   *
   * @param heir the place of the file that replaces it
   * @throws NO_SPACE
   */
  keep(dir: DirNode, name: ByteString, size: number, heir?: number): void {
    if (size === 0) return;
    const { abandoned, held, places, search, staging } = this.#tools;
    const temp = staging.newName(dir, name);
    abandoned.push(temp);
    try {
      linkOrCopy(held, { dir, name }, temp, size);
    } catch (thrown) {
      if (fileTrouble(thrown, "").code === "NO_SPACE") throw thrown;
      return;
    }
    places.replace({ dir, name }, temp, heir);
    search.addOld(temp, size);
  }
}

/** Gives a file one more name; a copy gets it where files have one name only. */
function linkOrCopy(held: HeldDirs, file: NameIn, temp: NameIn, size: number): void {
  try {
    fs.linkSync(held.at(file.dir, file.name), held.at(temp.dir, temp.name));
  } catch {
    const to = held.open(temp.dir, temp.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    const copy = (): void => {
      copyContent(held, file, to);
      fs.ftruncateSync(to, size);
    };
    closingAfter(copy, () => fs.closeSync(to));
  }
}
