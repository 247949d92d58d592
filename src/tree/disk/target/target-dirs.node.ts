import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import { doAll } from "../../../bytes/closing.ts";

import type { PlannedEntry } from "./entry-planner.node.ts";
import { hasFacts } from "../facts/disk-facts.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { DirNode, groupHandedOn, setgidBit } from "../calls/dir-node.node.ts";
import { isErrno, isRefusal } from "../calls/file-trouble.node.ts";
import type { ByteString, NativePath } from "../calls/byte-string.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import {
  isAsWanted,
  keepsAll,
  type Metadata,
  metadataOf,
  modeMask,
  wantedOver,
} from "../../plan/comparison.ts";
import { plainKeep } from "../../plan/keep.ts";
import { plainRule, type PlanRule } from "../../plan/plan-rule.ts";
import type { KeptFacts } from "../facts/kept-facts.node.ts";
import type { MetadataSetters } from "../facts/metadata-setters.node.ts";
import { firstDirMode, type MetadataSetter, setMode } from "../facts/metadata.node.ts";

/** What the owner of a directory needs to see what is in it. */
const readBits = 0o500;

/** True for a directory of this user that cannot be looked into before its mode is another one. */
export function isShut({ mode, owner }: FileStats): boolean {
  const user = process.geteuid?.();
  return (mode & readBits) !== readBits && user !== 0 && owner === user;
}

/** A directory, and what it is to look like in the end. */
interface Wanted extends Metadata {
  readonly entry: number;
  readonly dir: DirNode;
  /** True when it looked like that when its entry came. */
  readonly isSame: boolean;
}

/** What is set of modes. */
type KeptModes = Pick<KeptFacts, "allowedModeBits" | "keep">;

const plainModes: KeptModes = { allowedModeBits: modeMask, keep: plainKeep };

/**
 * The directories of a tree that is received: made at once, dressed at the end, the deepest first.
 */
export class TargetDirs {
  readonly #held: HeldDirs;
  readonly #rule: PlanRule;
  readonly #allowedModeBits: number;
  readonly #setsSetgid: boolean;
  readonly #wanted: Wanted[] = [];
  /** Those that could not be looked into as they were. */
  readonly #openedUp = new Map<DirNode, number>();
  /** Those that a file system begins at. */
  readonly tops: DirNode[] = [];

  /** @param kept says which bits of modes are set; those that a peer may set unless given */
  constructor(held: HeldDirs, rule: PlanRule = plainRule, kept: KeptModes = plainModes) {
    this.#held = held;
    this.#rule = rule;
    this.#allowedModeBits = kept.allowedModeBits;
    const { fakeSuper, perms, specialBits } = kept.keep;
    this.#setsSetgid = specialBits === true && perms !== false && fakeSuper !== "receiver";
    this.tops.push(held.root);
  }

  /** Makes a directory where nothing is, or goes into the one that is there. */
  make({ dir: parent, name, number, entry, there, standing, outcome }: PlannedEntry): DirNode {
    const now = there ?? this.#makeNew(parent, name, firstDirMode(entry));
    const dir = standing ?? new DirNode(parent, name, now ? {} : { isNew: true });
    if (now) this.#openUp(dir, now, this.#held.at(parent, name));
    if (dir.volume) this.tops.push(dir);
    const isSame = outcome === "same";
    if (!isSame) this.setHandingOn(dir, entry);
    this.want(dir, number, entry, isSame);
    return dir;
  }

  /**
   * Has a directory hand on its group, or not, as it is to in the end, before anything is made in
   * it: so does rsync.
   */
  setHandingOn(dir: DirNode, { mode }: Metadata): void {
    const handsOn = (mode & setgidBit) !== 0;
    if (!this.#setsSetgid || handsOn === (dir.handsOn !== undefined)) return;
    const there = this.#held.lookAtDir(dir);
    try {
      this.#held.setDirMode(dir, handsOn ? there.mode | setgidBit : there.mode & ~setgidBit);
    } catch (thrown) {
      if (isRefusal(thrown)) return; // so it stays in the end, too
      throw thrown;
    }
    dir.handsOn = groupHandedOn(this.#held.lookAtDir(dir));
  }

  /** Returns the directory that a session with another part of the tree has made meanwhile. */
  #makeNew(parent: DirNode, name: ByteString, mode: number): FileStats | undefined {
    try {
      this.#held.writeIn(parent, () => fs.mkdirSync(this.#held.at(parent, name), mode));
      return undefined;
    } catch (thrown) {
      const now = isErrno(thrown, "EEXIST") ? this.#held.look(parent, name) : undefined;
      if (now?.kind !== "dir") throw thrown;
      return now;
    }
  }

  /** Lets the owner see what is in a directory, until it gets its own mode at the end. */
  #openUp(dir: DirNode, there: FileStats, path: NativePath): void {
    if (!isShut(there)) return;
    setMode(path, there, there.mode | readBits);
    this.#openedUp.set(dir, there.mode);
  }

  /** Gives those back their modes that were opened up and not dressed. */
  restore(): void {
    const deepestFirst = [...this.#openedUp].reverse();
    this.#openedUp.clear();
    const restoreOne = (dir: DirNode, mode: number) => (): void => this.#held.setDirMode(dir, mode);
    doAll(deepestFirst.map(([dir, mode]) => restoreOne(dir, mode)));
  }

  /**
   * Notes what a directory, which is entry `entry`, is to look like in the end.
   *
   * @param isSame true when it looks like that now
   */
  want(dir: DirNode, entry: number, wanted: Metadata, isSame = false): void {
    this.#wanted.push({ entry, dir, ...metadataOf(wanted), isSame });
  }

  /**
   * Those that have something to set, of those of which nothing was compared: new ones, and the
   * root.
   */
  get unset(): readonly DirNode[] {
    const { root } = this.#held;
    const isUnset = (wanted: Wanted): boolean =>
      wanted.dir.isNew || (wanted.dir === root && !this.#isAsWanted(this.#held.lookAtDir(root), wanted));
    return this.#wanted.filter(isUnset).map(({ dir }) => dir);
  }

  /** All directories of the tree, as long as they are not dressed. */
  get all(): readonly DirNode[] {
    return this.#wanted.map(({ dir }) => dir);
  }

  /**
   * Sets the mode and time of all directories that do not look as they are to: of those that did,
   * and that nothing was done in, no other look is taken. What fails is told, and does not stop the
   * others. How they are set is not found out any more.
   */
  *setMetadata(
    metadata: MetadataSetters,
  ): Generator<{ readonly entry: number; readonly dir: DirNode; readonly trouble?: unknown }> {
    for (let wanted = this.#wanted.pop(); wanted; wanted = this.#wanted.pop()) {
      const { dir, entry, isSame } = wanted;
      if (isSame && !dir.isWritten && !this.#openedUp.has(dir)) continue;
      try {
        this.#setMetadataOf(dir, wanted, metadata.knownIn(dir));
        this.#openedUp.delete(dir);
        yield { entry, dir };
      } catch (trouble) {
        yield { entry, dir, trouble };
      }
    }
  }

  #setMetadataOf(dir: DirNode, wanted: Metadata, metadata: MetadataSetter): void {
    const { aside, parent, name } = dir;
    if (aside) return; // it could not take its place, which was told
    const isReachedByName = parent !== undefined && !dir.isBehindLink;
    const stats = isReachedByName ? this.#held.look(parent, name) : this.#held.lookAtDir(dir);
    if (stats?.kind !== "dir") throw new SyncError("VANISHED", "the directory is gone");
    if (!this.#held.isInPlace(dir, stats)) {
      throw new SyncError("CHANGED", "another directory took the place of the one that was written to");
    }
    const at = isReachedByName ? this.#held.nameAt(parent, name) : this.#held.nameAt(dir, ".");
    metadata.setAt(at, stats, wantedOver(stats, wanted, this.#rule));
  }

  #isAsWanted(there: FileStats, wanted: Wanted): boolean {
    const keeping = { ...keepsAll, allowedModeBits: this.#allowedModeBits };
    if (!isAsWanted(there, wantedOver(there, wanted, this.#rule), keeping)) return false;
    return hasFacts(there, wanted.facts, keeping, () => this.#held.factsAt(wanted.dir, "."));
  }
}
