import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import { NumberColumn } from "../../../bytes/number-column.ts";
import { bitsOfFacts, type ChangedFact, factsOfBits } from "../../entry/entry.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import { isSameVolume } from "../calls/dir-node.node.ts";
import { isSameFile } from "../calls/identity.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { type LinkHead, LinkHeads } from "./link-heads.node.ts";
import { PlaceNames } from "./place-names.node.ts";
import type { TreeTargetOptions } from "./target-options.node.ts";
import { changedMeanwhile } from "./linked-files.node.ts";
import { type LeafTools, putLeaf } from "./put-leaf.node.ts";
import type { Replacement } from "./replacements.node.ts";
import { lookInto } from "./standing.node.ts";

/** What becomes of a place that a further name belongs to. */
type LinkOutcome = Exclude<PlannedEntry["outcome"], "same">;

const linkOutcomes: readonly LinkOutcome[] = ["new", "touched", "changed", "replaced"];

/** A name that was linked, or why it could not be. */
interface Linked extends Replacement {
  /** Undefined for one that was linked already. */
  readonly outcome: LinkOutcome | undefined;
  readonly differs?: readonly ChangedFact[];
  readonly trouble?: unknown;
}

/**
 * Names that a file has beside its first one. They are linked at the end, when all first ones are
 * in place. The first is the first that is brought about, whatever the sender had first.
 *
 * Memory: some 50 bytes for each file with several names, some 46 for each further name.
 */
export class HardLinks {
  readonly #heads = new LinkHeads();
  readonly #failed = new Set<number>();
  readonly #places = new PlaceNames();
  /** Of each further name: its file, its number, what its place becomes, and how that differs. */
  readonly #files = new NumberColumn(new Uint32Array(256));
  readonly #entries = new NumberColumn(new Uint32Array(256));
  readonly #outcomes = new NumberColumn(new Uint8Array(256));
  readonly #differs = new NumberColumn(new Uint32Array(256));
  /** When a file with one name that stood there was changed last; 0 and 0 for anything else. */
  readonly #changedSec = new NumberColumn(new Float64Array(256));
  readonly #changedNsec = new NumberColumn(new Uint32Array(256));

  /** Where files are left out that are elsewhere, no other can be linked to them. */
  static of({ compareDest, keep }: Pick<TreeTargetOptions, "compareDest" | "keep">): HardLinks | undefined {
    return keep?.hardLinks === true && compareDest === undefined ? new HardLinks() : undefined;
  }

  /**
   * Takes note of an entry.
   *
   * @throws IO for a further name on another file system than the first
   * @returns undefined for one that is to be brought about by itself; otherwise what becomes of its
   *   place, `same` where it is a name of the file already
   */
  take(planned: PlannedEntry): PlannedEntry["outcome"] | undefined {
    const { dir, name, number, entry, there } = planned;
    const { link: file } = entry;
    if (file === undefined || this.#heads.add(file, planned)) return undefined;
    if (this.#heads.kindOf(file) !== entry.kind) return undefined;
    if (!isSameVolume(this.#heads.get(file).dir.top.volume, dir.top.volume)) throw onOtherVolume();
    if (there && this.#heads.isSame(file, there)) return "same";
    const outcome = planned.outcome === "same" ? "touched" : planned.outcome;
    this.#places.add(dir, name);
    this.#files.push(file);
    this.#entries.push(number);
    this.#outcomes.push(linkOutcomes.indexOf(outcome));
    this.#differs.push(bitsOfFacts(planned.differs));
    const { ctimeSec, ctimeNsec } = isOwnFile(there) ? there : noTime;
    this.#changedSec.push(ctimeSec);
    this.#changedNsec.push(ctimeNsec);
    return outcome;
  }

  /** The first name of the file that an entry is a further name of. */
  headOf({ entry }: PlannedEntry): LinkHead | undefined {
    return entry.link === undefined ? undefined : this.#heads.get(entry.link);
  }

  /** An entry could not be brought about. */
  fail(entry: number): void {
    this.#failed.add(entry);
  }

  /** True when names wait for their files. */
  get isWaiting(): boolean {
    return this.#entries.count > 0;
  }

  /** Links the names. What fails is told, and does not stop the others. */
  *link(tools: LeafTools): Generator<Linked> {
    for (let i = 0; i < this.#entries.count; i++) {
      const [dir, name] = [this.#places.dirOf(i), this.#places.nameOf(i)];
      const head = this.#heads.get(this.#files.get(i));
      const outcome = linkOutcomes[this.#outcomes.get(i)]!;
      const linked = { entry: this.#entries.get(i), dir, name, kind: head.kind, size: 0, linkedTo: head };
      try {
        const changed = { ctimeSec: this.#changedSec.get(i), ctimeNsec: this.#changedNsec.get(i) };
        const size = this.#linkOne(tools, head, { ...linked, outcome }, changed);
        const differs = factsOfBits(this.#differs.get(i));
        yield { ...linked, differs, size: size ?? 0, outcome: size === undefined ? undefined : outcome };
      } catch (trouble) {
        yield { ...linked, outcome: undefined, trouble };
      }
    }
  }

  /** Returns the bytes of the file; undefined for one that was linked already. */
  #linkOne(
    tools: LeafTools,
    head: LinkHead,
    { dir, name, entry, kind, outcome }: Linked,
    changed: ChangeTime,
  ): number | undefined {
    const { held } = tools;
    const from = this.#failed.has(head.entry) ? undefined : held.look(head.dir, head.name);
    if (from?.kind !== head.kind) throw new SyncError("IO", "the file that it is a name of could not be had");
    const there = held.look(dir, name);
    if (there && isSameFile(there, from)) return undefined;
    if (isOwnFile(there) && isTime(changed) && !isSameTime(there, changed))
      throw changedMeanwhile({ dir, name });
    const isEmpty = there?.kind === "dir" && lookInto(held, dir, name) === "empty";
    const { size } = from;
    const leaf = { entry, dir, name, kind, size, linkedTo: head, there: there && { ...there, isEmpty } };
    const isReplaced = outcome === "changed" || outcome === "replaced";
    putLeaf(tools, leaf, isReplaced, (temp) =>
      held.writeIn(temp.dir, () => fs.linkSync(held.at(head.dir, head.name), held.at(temp.dir, temp.name))),
    );
    return size;
  }
}

function onOtherVolume(): SyncError {
  return new SyncError("IO", "the file that it is a name of is on another file system here");
}

type ChangeTime = Pick<FileStats, "ctimeNsec" | "ctimeSec">;

const noTime: ChangeTime = { ctimeSec: 0, ctimeNsec: 0 };

function isTime(time: ChangeTime): boolean {
  return !isSameTime(time, noTime);
}

function isSameTime(one: ChangeTime, other: ChangeTime): boolean {
  return one.ctimeSec === other.ctimeSec && one.ctimeNsec === other.ctimeNsec;
}

/** True for a file that the session changes under no other name. */
function isOwnFile(there: FileStats | undefined): there is FileStats {
  return there?.kind === "file" && there.linkCount === 1;
}
