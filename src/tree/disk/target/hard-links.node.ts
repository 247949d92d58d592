import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { PlaceNames } from "./place-names.node.ts";
import type { TreeTargetOptions } from "./target-options.node.ts";
import { type LeafTools, putLeaf } from "./put-leaf.node.ts";
import type { Replacement } from "./replacements.node.ts";
import { isEmptyDir } from "./standing.node.ts";

/** The first name of a file; the others are linked to it. */
interface Head {
  readonly entry: number;
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly kind: PlannedEntry["entry"]["kind"];
  readonly size: number;
  /** What stands there and stays; undefined for what is to come. */
  readonly there: Pick<FileStats, "device" | "inode"> | undefined;
}

/** What becomes of a place that a further name belongs to. */
type LinkOutcome = Exclude<PlannedEntry["outcome"], "same">;

/** A name that was linked, or why it could not be. */
interface Linked extends Replacement {
  /** Undefined for one that was linked already. */
  readonly outcome: LinkOutcome | undefined;
  readonly trouble?: unknown;
}

/**
 * Names that a file has beside its first one. They are linked at the end, when all first ones are
 * in place. The first is the first that is brought about, whatever the sender had first.
 *
 * Memory: some 120 bytes for each file with several names, and some 30 for each further name.
 */
export class HardLinks {
  readonly #heads = new Map<number, Head>();
  readonly #failed = new Set<number>();
  readonly #places = new PlaceNames();
  /** Of each further name: its file, its number, and what its place becomes. */
  readonly #files: number[] = [];
  readonly #entries: number[] = [];
  readonly #outcomes: LinkOutcome[] = [];

  /** Where files are left out that are elsewhere, no other can be linked to them. */
  static of({ compareDest, keep }: Pick<TreeTargetOptions, "compareDest" | "keep">): HardLinks | undefined {
    return keep?.hardLinks === true && compareDest === undefined ? new HardLinks() : undefined;
  }

  /**
   * Takes note of an entry.
   *
   * @returns undefined for one that is to be brought about by itself; otherwise what becomes of its
   *   place, `same` where it is a name of the file already
   */
  take(planned: PlannedEntry): PlannedEntry["outcome"] | undefined {
    const { dir, name, number, entry, there } = planned;
    if (entry.link === undefined) return undefined;
    const head = this.#heads.get(entry.link);
    if (head === undefined) this.#heads.set(entry.link, headOf(planned));
    if (head === undefined || head.kind !== entry.kind) return undefined;
    if (there && isSame(there, head.there)) return "same";
    const outcome = planned.outcome === "same" ? "touched" : planned.outcome;
    this.#places.add(dir, name);
    this.#files.push(entry.link);
    this.#entries.push(number);
    this.#outcomes.push(outcome);
    return outcome;
  }

  /** An entry could not be brought about. */
  fail(entry: number): void {
    this.#failed.add(entry);
  }

  /** True when names wait for their files. */
  get isWaiting(): boolean {
    return this.#entries.length > 0;
  }

  /** Links the names. What fails is told, and does not stop the others. */
  *link(tools: LeafTools): Generator<Linked> {
    for (const [i, entry] of this.#entries.entries()) {
      const [dir, name] = [this.#places.dirOf(i), this.#places.nameOf(i)];
      const head = this.#heads.get(this.#files[i]!)!;
      const { kind, size } = head;
      const linked = { entry, dir, name, kind, size };
      try {
        const isMade = this.#linkOne(tools, head, { ...linked, outcome: this.#outcomes[i]! });
        yield { ...linked, outcome: isMade ? this.#outcomes[i] : undefined };
      } catch (trouble) {
        yield { ...linked, outcome: undefined, trouble };
      }
    }
  }

  /** Returns false for one that was linked already. */
  #linkOne(tools: LeafTools, head: Head, { dir, name, entry, kind, size, outcome }: Linked): boolean {
    const { held } = tools;
    const from = this.#failed.has(head.entry) ? undefined : held.look(head.dir, head.name);
    if (from?.kind !== head.kind) throw new SyncError("IO", "the file that it is a name of could not be had");
    const there = held.look(dir, name);
    if (there && isSame(there, from)) return false;
    const isEmpty = there?.kind === "dir" && isEmptyDir(held, dir, name);
    const leaf = { entry, dir, name, kind, size, there: there && { ...there, isEmpty } };
    const isReplaced = outcome === "changed" || outcome === "replaced";
    putLeaf(tools, leaf, isReplaced, (temp) =>
      held.writeIn(temp.dir, () => fs.linkSync(held.at(head.dir, head.name), held.at(temp.dir, temp.name))),
    );
    return true;
  }
}

function headOf({ dir, name, number, entry, there, outcome }: PlannedEntry): Head {
  const stays = there !== undefined && (outcome === "same" || outcome === "touched");
  const { device, inode } = there ?? { device: 0, inode: 0 };
  const { kind, size } = entry;
  return { entry: number, dir, name, kind, size, there: stays ? { device, inode } : undefined };
}

function isSame(one: Pick<FileStats, "device" | "inode">, other: Head["there"]): boolean {
  return other !== undefined && one.inode === other.inode && one.device === other.device;
}
