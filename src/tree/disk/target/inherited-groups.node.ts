import type { Entry } from "../../entry/entry.ts";
import { type DirNode, setgidBit } from "../calls/dir-node.node.ts";
import { isRefusal } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { mayGive } from "../facts/owners.node.ts";
import type { MetadataSetters } from "../facts/metadata-setters.node.ts";

/**
 * The groups of what is made where no group is asked for: that of this process, or that of a
 * directory with the setgid bit. What is made elsewhere and moved into its directory is given the
 * one that it would have been made with there.
 */
export class InheritedGroups {
  readonly #held: HeldDirs;
  readonly #metadata: MetadataSetters;
  readonly #isElsewhere: boolean;
  readonly #own = process.getegid?.();

  /** @param isElsewhere true where files are made in a directory that is outside of the tree */
  constructor(held: HeldDirs, metadata: MetadataSetters, isElsewhere: boolean) {
    this.#held = held;
    this.#metadata = metadata;
    this.#isElsewhere = isElsewhere;
  }

  /** The entry with the group that it has to be given in a directory, where it has to be. */
  withGroup(dir: DirNode, entry: Entry): Entry {
    if (this.#own === undefined || entry.facts?.group || this.#metadata.fakes) return entry;
    const group = dir.handsOn ?? this.#own;
    const isUsual = group === this.#own && !this.#isElsewhere && isPlain(dir.top);
    if (isUsual || !mayGive.group(group) || !this.#metadata.in(dir).keeping.keepsGroups) return entry;
    return { ...entry, facts: { ...entry.facts, group: { id: group } } };
  }

  /** Has a directory that was made elsewhere hand on what the one around it does, where it may. */
  handOn(parent: DirNode, dir: DirNode): void {
    const { handsOn, top } = parent;
    if (this.#own === undefined || this.#metadata.fakes || (handsOn === undefined && isPlain(top))) return;
    const { mode } = this.#held.lookAtDir(dir);
    try {
      this.#held.setDirGroup(dir, handsOn ?? this.#own);
      this.#held.setDirMode(dir, handsOn === undefined ? mode & ~setgidBit : mode | setgidBit);
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
    }
  }
}

/**
 * True for the directory of a file system where nothing is handed on to what is made aside, nor was
 * when the place for that was made.
 */
function isPlain({ handedOn, handsOn }: DirNode): boolean {
  return handedOn === undefined && handsOn === undefined;
}
