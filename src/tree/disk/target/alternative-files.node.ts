import fs from "node:fs";
import type { Keeping } from "../../plan/comparison.ts";
import { oldVersionOf } from "../../plan/old-version.ts";
import type { PlanRule } from "../../plan/plan-rule.ts";
import type { Need } from "../../target.ts";
import { type Alternative, type Alternatives, linkTo } from "./alternatives.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import { isSameFile } from "../calls/identity.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { IncomingFiles } from "./incoming-files.node.ts";
import type { Differing } from "./tree-change.node.ts";
import type { Workspace } from "./workspace.node.ts";

interface AlternativeFilesTools {
  readonly held: HeldDirs;
  readonly alternatives: Alternatives;
  readonly keepingIn: (dir: DirNode) => Keeping;
  readonly rule: PlanRule | undefined;
  /** Sets up what is needed to receive content, at the first call. @throws LOCKED */
  readonly workspace: () => Workspace;
  /** The files that come; what they need is set up. @throws LOCKED */
  readonly incoming: () => IncomingFiles;
  readonly useOld: boolean;
  /** Called for what is as its entry says, or is gone, and was not before. */
  readonly onDone: ((differing: Differing) => void) | undefined;
}

/** Brings about entries by what is in other directories. */
export class AlternativeFiles {
  readonly #tools: AlternativeFilesTools;

  constructor(tools: AlternativeFilesTools) {
    this.#tools = tools;
  }

  /** Returns what a file needs; undefined where nothing there helps. */
  file(planned: PlannedEntry): Need | Promise<Need> | undefined {
    const like = this.#find(planned);
    if (!like) return undefined;
    if (planned.there?.kind !== "file") return this.#make(planned, like);
    if (like.outcome !== "same" || like.way === "copy") return undefined;
    if (like.way === "compare") this.#leaveOut(planned);
    else this.#replaceByLink(planned, like);
    return "nothing";
  }

  /** Returns false for a link that has to be made. */
  link(planned: PlannedEntry): boolean {
    if (planned.outcome !== "new") return false;
    const like = this.#find(planned);
    if (like?.outcome !== "same" || like.way === "copy") return false;
    if (like.way === "link") {
      if (!linkTo(like, this.#tools.held, planned)) return false;
      this.#tellDone(planned);
    }
    return true;
  }

  #find(planned: PlannedEntry): Alternative | undefined {
    const { alternatives, keepingIn, rule } = this.#tools;
    return alternatives.find(planned.entry, planned, keepingIn(planned.dir), rule);
  }

  /** Makes a file of one that is there; what differs has to come. */
  #make(planned: PlannedEntry, basis: Alternative): Need | Promise<Need> {
    const { entry, number, there, outcome } = planned;
    const { incoming, useOld, workspace } = this.#tools;
    if (outcome === "same") return "nothing";
    if (basis.outcome === "same" && basis.way === "compare" && there?.kind !== "dir") {
      if (there) this.#leaveOut(planned);
      return "nothing";
    }
    const coming = incoming();
    coming.expect(planned, outcome, { basis });
    if (basis.outcome === "changed")
      return (useOld ? oldVersionOf(entry.size, basis.there.size) : undefined) ?? "ask";
    coming.get(number)!.keepOld();
    const completing = coming.complete(number, entry.size);
    const tell = (): Need => {
      if (!workspace().replacements.isWaiting(number)) this.#tellDone(planned);
      return "nothing";
    };
    return completing ? completing.then(tell) : tell();
  }

  /** Removes what stands there, as what it ought to be is elsewhere. */
  #leaveOut(planned: PlannedEntry): void {
    const { held, onDone, workspace } = this.#tools;
    const { dir, name, entry, there } = planned;
    const { linkedFiles } = workspace();
    if (there?.kind === "file") linkedFiles.checkUntouched(held, planned, there);
    held.writeIn(dir, () => fs.unlinkSync(held.at(dir, name)));
    onDone?.({ ...planned, kind: entry.kind, size: 0, outcome: "deleted" });
  }

  #replaceByLink(planned: PlannedEntry, like: Alternative): void {
    const { held, workspace } = this.#tools;
    const { dir, name, there } = planned;
    if (isSameFile(there!, like.there)) return;
    const { backups, linkedFiles, oldFiles, staging } = workspace();
    linkedFiles.checkUntouched(held, planned, there!);
    const temp = staging.newName(dir, name);
    if (!linkTo(like, held, temp)) return;
    if (planned.outcome === "changed") backups?.keep({ dir, name });
    oldFiles?.keep(dir, name, there!.size);
    held.rename(temp.dir, temp.name, dir, name);
    linkedFiles.note(there!);
    this.#tellDone(planned);
  }

  #tellDone(planned: PlannedEntry): void {
    const { entry, outcome } = planned;
    if (outcome !== "same")
      this.#tools.onDone?.({ ...planned, kind: entry.kind, size: entry.size, target: entry.target, outcome });
  }
}
