import { SyncError } from "../../../errors.ts";
import { toByteString, type ByteString } from "../calls/byte-string.node.ts";
import {
  compareEntry,
  incompleteDir,
  skippedSpecial,
  wantedOver,
  type Keeping,
  type Outcome,
} from "../../plan/comparison.ts";
import { differencesOf } from "../../plan/differences.ts";
import { isUnsafeLink } from "../../plan/unsafe-link.ts";
import type { PlanRule } from "../../plan/plan-rule.ts";
import { differingFacts, hasFacts } from "../facts/disk-facts.node.ts";
import type { FactPlace } from "../calls/fact-place.node.ts";
import type { KeptFacts } from "../facts/kept-facts.node.ts";
import type { Destination } from "./destination.node.ts";
import type { Extras } from "./extras.node.ts";
import { entryTrouble } from "../calls/file-trouble.node.ts";
import type { ExpectedPaths } from "../../filter/expected-paths.ts";
import { depthOf, dirBelow, printPlace, type DirNode } from "../calls/dir-node.node.ts";
import { inTheWay } from "./replacements.node.ts";
import type { RemovedSource } from "./removed-source.node.ts";
import { NameClaims } from "./name-claims.node.ts";
import type { SharedFiles } from "./shared-files.node.ts";
import { stagingName } from "../../entry/staging-name.ts";
import type { Volumes } from "./volumes.node.ts";
import { standingAt, type FoundStanding } from "./standing.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { RecordedWalk } from "../calls/recorded-walk.node.ts";
import { isSameFile } from "../calls/identity.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { hasSameTimes } from "./linked-files.node.ts";
import { WalkFollower } from "../calls/walk-follower.node.ts";
import type { ChangedFact, Entry, Layout } from "../../entry/entry.ts";
import type { Need } from "../../target.ts";

const noFacts: readonly ChangedFact[] = [];

/** An entry, its place, and what becomes of that. */
export interface PlannedEntry {
  readonly entry: Entry;
  /** In the order in which entries arrived, from 0. */
  readonly number: number;
  readonly dir: DirNode;
  readonly name: ByteString;
  /** What stands there now. */
  readonly there: FoundStanding | undefined;
  /** The directory that stands there, of one that does. */
  readonly standing: DirNode | undefined;
  readonly outcome: Exclude<Outcome, "blocked" | "skipped">;
  /** How it differs from what is there, where somebody is told. */
  readonly differs: readonly ChangedFact[];
}

/** What is done about entries: by a target in earnest, by a preview in words. */
export interface EntryActions {
  /** The root itself is an entry, by the name of a dot in itself. */
  root(planned: PlannedEntry): void;
  /** Returns the directory that the entries below it lie in. */
  dir(planned: PlannedEntry): DirNode;
  link(planned: PlannedEntry): void;
  /** What the file needs; a promise when that takes a look at all files first. */
  file(planned: PlannedEntry): Need | Promise<Need>;
}

/** What a planner shares with the rest of its target. */
interface EntryPlannerTools {
  readonly destination: Destination;
  readonly layout: Layout;
  /** What is kept in a directory. */
  readonly keepingIn: (dir: DirNode) => Keeping;
  readonly rule: PlanRule | undefined;
  /** True to take a link for the directory that it leads to, where one comes. */
  readonly keepsDirLinks: boolean;
  readonly actions: EntryActions;
  /** True where somebody is told of changes. */
  readonly tellsChanges: boolean;
  /** True where nothing about files with further names may be changed. */
  readonly sparesLinked: boolean;
  /** Says which of them may be changed all the same; none unless given. */
  readonly sharedFiles: SharedFiles | undefined;
  readonly kept: KeptFacts;
  /** The source, when what arrives is removed there. */
  readonly removed?: RemovedSource | undefined;
  /** Where to say what was seen, when the rest is to be deleted. */
  readonly extras: Extras | undefined;
  /** The file systems that are there; undefined where nothing is. */
  readonly volumes: Volumes | undefined;
  /** What entries have to be, when that is known. */
  readonly expected: ExpectedPaths | undefined;
  /**
   * What was found below the top entry when its directories were read. Files are planned by it,
   * without another look, unless names came or went in their directory since.
   */
  readonly record: RecordedWalk | undefined;
}

/** Finds the place of each entry, and decides by what stands there what is to be done. */
export class EntryPlanner {
  readonly #tools: EntryPlannerTools;
  readonly #claims: NameClaims | undefined;
  readonly #found: WalkFollower | undefined;
  /** By depth: true when names came or went in the last directory since it was read. */
  readonly #isStale: boolean[] = [];
  /**
   * The directories on the way to the last entry, by depth; undefined where one could not be had.
   */
  readonly #open: (DirNode | undefined)[] = [];

  constructor(tools: EntryPlannerTools) {
    this.#tools = tools;
    this.#claims = tools.volumes && new NameClaims(tools.volumes);
    this.#found = tools.record && new WalkFollower(tools.record);
  }

  /**
   * What an entry needs; a promise when that takes a look at all files first. Throws when it cannot
   * be had; what lies below it is then passed over.
   */
  plan(entry: Entry, number: number): Need | Promise<Need> {
    const { depth, kind } = entry;
    const { destination, expected, extras, layout } = this.#tools;
    const parent = depth === 0 ? destination.root : this.#open[depth - 1];
    this.#leave(depth);
    const name = depth > 0 || !destination.isSingle ? toByteString(entry.name) : destination.topName;
    extras?.see(depth, name);
    if (!parent) return "nothing";
    if (expected) this.#attempt(parent, name, () => expected.check(entry, layout));
    if (kind !== "dir") return this.#planLeaf(parent, name, entry, number);
    const dir = this.#planDir(parent, name, entry, number);
    this.#open[depth] = dir;
    const isListed = entry.isComplete !== true && entry.isUnlisted !== true;
    if (dir && isListed) extras?.enter(depth + 1, dir);
    return "nothing";
  }

  /** Leaves the directories of this depth and below it. */
  #leave(depth: number): void {
    this.#claims?.leave(depth);
    while (this.#open.length > depth) {
      const left = this.#open.pop();
      if (left) this.#tools.destination.held?.leave(left);
    }
  }

  /** Returns undefined for one that is left out with all that is in it. */
  #planDir(parent: DirNode, name: ByteString, entry: Entry, number: number): DirNode | undefined {
    const { actions, destination, layout, removed } = this.#tools;
    if (layout === "named" || entry.depth > 0) {
      return this.#attempt(parent, name, () => {
        const planned = this.#compare(parent, name, entry, number);
        if (entry.isComplete === true && planned?.there?.kind !== "dir") throw incompleteDir();
        const dir = planned && actions.dir(planned);
        if (dir?.isBehindLink === true) removed?.checkAround(destination.held!, dir);
        return dir;
      });
    }
    const there = destination.held?.lookAtDir(parent);
    this.#checkFound(0, this.#tools.record?.top, there);
    if (entry.isImplied !== true) actions.root(this.#compareRoot(parent, entry, number, there));
    return parent;
  }

  /** The root itself, which stands where it does, or was made for what comes. */
  #compareRoot(dir: DirNode, told: Entry, number: number, found: FileStats | undefined): PlannedEntry {
    const { destination, kept, tellsChanges } = this.#tools;
    const name = ".";
    const there = destination.isMade === true ? undefined : found;
    const entry = kept.wanted(told, there);
    const keeping = this.#tools.keepingIn(dir);
    const isSame = there && this.#compareAll(dir, name, entry, there, keeping) === "same";
    const outcome = isSame ? "same" : there ? "touched" : "new";
    const differs =
      tellsChanges && outcome === "touched" ? this.#differences(dir, name, entry, there, keeping) : noFacts;
    return { entry, number, dir, name, there, standing: dir, outcome, differs };
  }

  #planLeaf(dir: DirNode, name: ByteString, entry: Entry, number: number): Need | Promise<Need> {
    const { actions } = this.#tools;
    return this.#attempt(dir, name, () => {
      const planned = this.#compare(dir, name, entry, number);
      if (!planned) return "nothing";
      if (entry.kind === "file") return actions.file(planned);
      actions.link(planned);
      return "nothing";
    });
  }

  /** Returns undefined for what the rule leaves as it is. */
  #compare(dir: DirNode, name: ByteString, told: Entry, number: number): PlannedEntry | undefined {
    const { destination, extras, kept, removed, rule, tellsChanges } = this.#tools;
    if (!kept.carries(told.kind)) throw skippedSpecial();
    if (name === stagingName) throw new SyncError("PATH", "this name is reserved");
    if (told.depth === 0 && destination.isSingle && number > 0)
      throw new SyncError("PATH", "the destination is the place of a single file");
    const { held } = destination;
    if (rule?.onlySafeLinks === true && isUnsafe(told, dir)) return undefined;
    const there = held && this.#look(held, dir, name, told);
    if (there) removed?.checkAt(held, { dir, name }, there);
    const entry = kept.wanted(told, there);
    const standing = there?.kind === "dir" ? dirBelow(dir, name, there) : undefined;
    const keeping = this.#tools.keepingIn(standing ?? dir);
    const outcome = this.#outcomeOf(dir, name, entry, there, keeping);
    if (outcome === "skipped") return undefined;
    if (standing?.volume && entry.kind !== "dir")
      throw new SyncError("IO", "a file system is mounted here, so nothing takes the place of it");
    this.#checkPlace(entry, dir, name);
    if (there && there.kind !== "dir" && (outcome === "changed" || outcome === "replaced"))
      extras?.expectBackup(entry.depth, name);
    const differs =
      tellsChanges && outcome !== "same" ? this.#differences(dir, name, entry, there, keeping) : noFacts;
    if (outcome === "touched" && entry.kind === "file" && rule)
      return { entry: wantedOver(there!, entry, rule), number, dir, name, there, standing, differs, outcome };
    if (outcome !== "blocked") return { entry, number, dir, name, there, standing, differs, outcome };
    if (!extras) throw inTheWay(printPlace(dir, name), "; deleting would make room");
    // Nothing that is in it is at the sender.
    extras.enter(entry.depth + 1, standing!, true);
    return { entry, number, dir, name, there, standing, differs, outcome: "replaced" };
  }

  /**
   * What stands at a name: of a file that was found before, that. Where names came or went since in
   * a directory, all in it is looked at.
   */
  #look(held: HeldDirs, dir: DirNode, name: ByteString, told: Entry): FoundStanding | undefined {
    const found = told.depth > 0 ? this.#found?.find(told.depth - 1, name) : this.#tools.record?.top;
    const isTold = told.kind === "file" && found?.kind === "file" && found.linkCount === 1;
    const isKnown = isTold && !dir.isNew && this.#isStale[told.depth - 1] !== true;
    if (isKnown) return found;
    const there = standingAt(held, dir, name, told, this.#tools.keepsDirLinks);
    if (told.kind === "dir") this.#checkFound(told.depth, found, there);
    if (told.isComplete === true && found && there && isOtherDir(found, there)) throw incompleteDir();
    return there;
  }

  #checkFound(depth: number, found: FileStats | undefined, there: FileStats | undefined): void {
    this.#isStale[depth] = found !== undefined && !(there && isSameDir(found, there));
  }

  /** @throws PATH for a name that cannot be had here, IO for a kind of entry that cannot */
  #checkPlace({ depth, kind }: Entry, dir: DirNode, name: ByteString): void {
    const type = this.#tools.volumes?.typeOf(dir);
    if (type?.refuses(name) === true) throw new SyncError("PATH", "no file can have this name here");
    if (type?.isPlain === true && kind !== "dir" && kind !== "file") throw notHeld();
    this.#claims?.claim(depth, dir, name);
  }

  #differences(
    dir: DirNode,
    name: ByteString,
    entry: Entry,
    there: FoundStanding | undefined,
    keeping: Keeping,
  ): readonly ChangedFact[] {
    const plain = differencesOf(entry, there, keeping, this.#tools.rule);
    if (entry.facts === undefined || there?.kind !== entry.kind) return plain;
    return [...plain, ...differingFacts(there, entry.facts, keeping, this.#factPlace(dir, name))];
  }

  #factPlace(dir: DirNode, name: ByteString): () => FactPlace {
    const { held } = this.#tools.destination;
    return () => held!.factsAt(dir, name);
  }

  #outcomeOf(
    dir: DirNode,
    name: ByteString,
    entry: Entry,
    there: FoundStanding | undefined,
    keeping: Keeping,
  ): Outcome {
    const outcome = this.#compareAll(dir, name, entry, there, keeping);
    const { sharedFiles, sparesLinked } = this.#tools;
    if (!sparesLinked || !there || there.kind === "dir" || there.linkCount === 1) return outcome;
    const mayChange = sharedFiles?.claim(there, entry) === true;
    return outcome === "touched" && !mayChange ? "changed" : outcome;
  }

  #compareAll(
    dir: DirNode,
    name: ByteString,
    entry: Entry,
    there: FoundStanding | undefined,
    keeping: Keeping,
  ): Outcome {
    const outcome = compareEntry(entry, there, keeping, this.#tools.rule);
    if (outcome !== "same" || entry.facts === undefined) return outcome;
    return hasFacts(there!, entry.facts, keeping, this.#factPlace(dir, name)) ? "same" : "touched";
  }

  /** Says of what fails which path it was. */
  #attempt<Result>(dir: DirNode, name: ByteString, work: () => Result): Result {
    try {
      return work();
    } catch (thrown) {
      throw entryTrouble(thrown, printPlace(dir, name));
    }
  }
}

/** What is wrong with an entry that is no plain file, where only these are held. */
export function notHeld(): SyncError {
  return new SyncError("IO", "this file system holds directories, and files of one name, and nothing else");
}

/** True for a directory in which no name has come or gone between two looks at it. */
function isSameDir(before: FileStats, now: FileStats): boolean {
  return isSameFile(before, now) && hasSameTimes(before, now);
}

/** True for another directory: some file systems change the number of one that is the same. */
function isOtherDir(before: FileStats, now: FileStats): boolean {
  return !isSameFile(before, now) && !hasSameTimes(before, now);
}

function isUnsafe({ target }: Entry, dir: DirNode): boolean {
  return target !== undefined && isUnsafeLink(toByteString(target), depthOf(dir));
}
