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
    const group = this.handedOnBy(dir) ?? this.#own;
    const isUsual = group === this.#own && this.handedOnBy(dir.top) === undefined && !this.#isElsewhere;
    if (isUsual || !mayGive.group(group) || !this.#metadata.in(dir).keeping.keepsGroups) return entry;
    return { ...entry, facts: { ...entry.facts, group: { id: group } } };
  }

  /** Has a directory that was made elsewhere hand on what the one around it does, where it may. */
  handOn(parent: DirNode, dir: DirNode): void {
    const group = this.handedOnBy(parent);
    if (group === undefined || this.#metadata.fakes) return;
    const { mode } = this.#held.lookAtDir(dir);
    try {
      this.#held.setDirGroup(dir, group);
      this.#held.setDirMode(dir, mode | setgidBit);
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
    }
  }

  /** The group that a directory hands on, which new directories in it do as well. */
  handedOnBy(dir: DirNode): number | undefined {
    return dir.isNew && dir.parent ? this.handedOnBy(dir.parent) : dir.handedOn;
  }
}
