import type { AlternativeFiles } from "./alternative-files.node.ts";
import type { EntryActions, PlannedEntry } from "./entry-planner.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import type { HardLinks } from "./hard-links.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { IncomingFiles } from "./incoming-files.node.ts";
import type { LinkedFiles } from "./linked-files.node.ts";
import type { MetadataSetters } from "../facts/metadata-setters.node.ts";
import type { TargetDirs } from "./target-dirs.node.ts";
import type { FileOrigin } from "./planned-files.node.ts";
import { planRanges } from "./ranged-file.node.ts";
import { makeFake } from "./target-fakes.node.ts";
import { makeLink } from "./target-links.node.ts";
import { makeSpecial } from "./target-specials.node.ts";
import type { Differing } from "./tree-change.node.ts";
import { oldVersionOf } from "../../plan/old-version.ts";
import type { Need } from "../../target.ts";
import type { Workspace } from "./workspace.node.ts";

/** What the actions share with the rest of their target. */
interface TargetActionsTools {
  readonly held: HeldDirs;
  readonly dirs: TargetDirs;
  readonly linkedFiles: LinkedFiles;
  /** Sets up what is needed to receive content, at the first call. @throws LOCKED */
  readonly workspace: () => Workspace;
  /** The files that come, at the first call of either. @throws LOCKED */
  readonly incoming: () => IncomingFiles;
  /** The further names of files; absent where they are files of their own. */
  readonly hardLinks: HardLinks | undefined;
  /** Brings about what is in other directories; absent where there are none. */
  readonly alternatives: AlternativeFiles | undefined;
  /** Called for what is as its entry says, and was not before; not for files that are to come. */
  readonly onDone: ((planned: DifferingEntry) => void) | undefined;
  /** Called with the size of each file in whose place another one will come. */
  readonly onReplace: (number: number, bytes: number) => void;
  /** Called with the bytes that other sessions have yet to bring of a file. */
  readonly onMissing: (bytes: number) => void;
  readonly metadata: MetadataSetters;
  /** True when new versions can be made from old ones. */
  readonly useOld: boolean;
  /** True where nothing about files with further names may be changed. */
  readonly sparesLinked: boolean;
}

/** An entry that is not the same as what is there. */
type DifferingEntry = PlannedEntry & Pick<Differing, "outcome">;

/** Which changed files are asked for whole, although some of their content may be here. */
export const quickLimits = Object.freeze({
  /** Bytes of such a file, at most. */
  quickFileBytes: 32_768,
  /** Bytes of all such files in a session: so much may travel in vain. */
  quickBytes: 262_144,
});

/**
 * Carries out what was planned: makes directories and links, sets modes and times, and notes files
 * to come.
 */
export class TargetActions implements EntryActions {
  readonly #tools: TargetActionsTools;
  #quickBytes: number = quickLimits.quickBytes;

  constructor(tools: TargetActionsTools) {
    this.#tools = tools;
  }

  root(planned: PlannedEntry): void {
    const { dir, entry, number, outcome } = planned;
    const { dirs } = this.#tools;
    const isSame = outcome === "same";
    if (!isSame) dirs.setHandingOn(dir, entry);
    dirs.want(dir, number, entry, isSame);
    this.#tellDone(planned);
  }

  dir(planned: PlannedEntry): DirNode {
    const { dirs } = this.#tools;
    if (planned.outcome === "replaced") return this.#replaceByDir(planned);
    const dir = dirs.make(planned);
    this.#tellDone(planned);
    return dir;
  }

  /** Makes a directory aside; it is told when it takes its place. */
  #replaceByDir({ number, dir: parent, name, entry }: PlannedEntry): DirNode {
    const { dirs, workspace } = this.#tools;
    const { groups, replacements } = workspace();
    const dir = replacements.makeDir(number, parent, name, entry);
    groups.handOn(parent, dir);
    dirs.setHandingOn(dir, entry);
    dirs.want(dir, number, groups.withGroup(parent, entry));
    return dir;
  }

  link(planned: PlannedEntry): void {
    const { dir, name, entry, outcome, there } = planned;
    if (this.#tools.hardLinks?.take(planned) !== undefined || outcome === "same") return;
    const { alternatives, held, metadata, workspace } = this.#tools;
    if (alternatives?.link(planned) === true) return;
    const { replacements } = workspace();
    const isLink = entry.kind === "symlink";
    if (outcome !== "touched") this.#make(workspace(), planned);
    else if (!isLink || metadata.fakes) metadata.in(dir).setAt(held.nameAt(dir, name), there!, entry);
    else metadata.in(dir).setLink(held, { dir, name }, there!, entry);
    if (!replacements.isWaiting(planned.number)) this.#tellDone(planned);
  }

  #make(tools: Workspace, given: PlannedEntry): void {
    const planned = { ...given, entry: tools.groups.withGroup(given.dir, given.entry) };
    if (tools.metadata.fakes) makeFake(tools, planned);
    else if (planned.entry.kind === "symlink") makeLink(tools, planned);
    else makeSpecial(tools, planned);
  }

  #tellDone(planned: PlannedEntry): void {
    const { outcome } = planned;
    if (outcome !== "same") this.#tools.onDone?.({ ...planned, outcome });
  }

  file(planned: PlannedEntry): Need | Promise<Need> {
    const { dir, name, entry, there, outcome } = planned;
    const { held, incoming, linkedFiles, metadata, sparesLinked, useOld, workspace } = this.#tools;
    if (this.#tools.hardLinks?.take(planned) !== undefined) return "nothing";
    const taking = this.#tools.alternatives?.file(planned);
    if (taking !== undefined) return taking;
    if (outcome === "same") return "nothing";
    if (outcome === "touched") {
      metadata.in(dir).setAt(held.nameAt(dir, name), there!, entry);
      linkedFiles.note(there!);
      this.#tellDone(planned);
      return "nothing";
    }
    const { search } = workspace();
    const plan = planRanges(planned, workspace());
    if (!plan.comes) return this.#awaitRanges(plan.missingBytes);
    const { origin } = plan;
    if (origin.ranges?.isPart === true) return this.#expectRange(planned, origin);
    const isShared = sparesLinked && outcome === "changed" && there!.linkCount > 1;
    incoming().expect(planned, outcome, { isShared, ...origin });
    if (origin.basis) return (useOld ? oldVersionOf(entry.size, entry.size) : undefined) ?? "ask";
    if (outcome === "changed") this.#tools.onReplace(planned.number, there!.size);
    const mayUseOld = outcome === "changed" && useOld && !isShared;
    const old = mayUseOld ? oldVersionOf(entry.size, there!.size) : undefined;
    if (old?.oldBytes === entry.size) return old;
    if (outcome === "changed" && there!.size > 0) {
      // Where no time is kept a file that has not changed looks like this, at each run.
      const { timeUnitNsec } = metadata.in(dir).keeping;
      return timeUnitNsec < Infinity && this.#isQuicker(entry.size) ? "all" : (old ?? "ask");
    }
    const mayHave = search.mayHave(dir, { name, size: entry.size, mtimeSec: entry.mtimeSec });
    return typeof mayHave === "boolean" ? needOf(mayHave) : mayHave.then(needOf);
  }

  /** Nothing of the file comes now. */
  #awaitRanges(missingBytes: number): Need {
    if (missingBytes > 0) this.#tools.onMissing(missingBytes);
    return "nothing";
  }

  /** What stands there stays until the file is completed. */
  #expectRange(planned: PlannedEntry, origin: FileOrigin): Need {
    const { outcome } = planned;
    this.#tools.incoming().expect({ ...planned, there: undefined }, outcome as Differing["outcome"], origin);
    return "all";
  }

  /**
   * Small files come whole, as many as cost less than the round trip in which they would be asked
   * about.
   */
  #isQuicker(size: number): boolean {
    if (size > Math.min(quickLimits.quickFileBytes, this.#quickBytes)) return false;
    this.#quickBytes -= size;
    return true;
  }
}

/** What a new file needs. */
function needOf(mayBeHere: boolean): Need {
  return mayBeHere ? "ask" : "all";
}
