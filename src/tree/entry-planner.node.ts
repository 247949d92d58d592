import { SyncError } from "../errors.ts";
import { toByteString, type ByteString } from "./byte-string.node.ts";
import type { Destination } from "./destination.node.ts";
import type { Extras } from "./extras.node.ts";
import { fileTrouble } from "./file-trouble.node.ts";
import { printPlace, type DirNode } from "./held-dirs.node.ts";
import { isSameTime, setPathMetadata } from "./metadata.node.ts";
import type { PlannedFiles } from "./planned-files.node.ts";
import { stagingName } from "./staging-name.ts";
import { checkEmpty, type TargetDirs } from "./target-dirs.node.ts";
import { hasLink, makeLink } from "./target-links.node.ts";
import type { Entry, Layout, Need } from "./tree.ts";
import type { Workspace } from "./workspace.node.ts";

/** What a planner shares with the rest of its target. */
export interface EntryPlannerTools {
  readonly destination: Destination;
  readonly layout: Layout;
  readonly dirs: TargetDirs;
  readonly files: PlannedFiles;
  /** Where to say what was seen, when the rest is to be deleted. */
  readonly extras: Extras | undefined;
  /** Sets up what is needed to receive content, at the first call. */
  readonly workspace: () => Workspace;
}

/** Which changed files are asked for whole, although some of their content may be here. */
export const quickLimits = Object.freeze({
  /** Bytes of such a file, at most. */
  quickFileBytes: 32_768,
  /** Bytes of all such files in a session: so much may travel in vain. */
  quickBytes: 262_144,
});

/** Compares entries with what is at the destination: makes directories and links, and notes files to come. */
export class EntryPlanner {
  readonly #tools: EntryPlannerTools;
  #quickBytes: number = quickLimits.quickBytes;

  constructor(tools: EntryPlannerTools) {
    this.#tools = tools;
  }

  /**
   * What an entry needs; a promise when that takes a look at all files first. Throws when it cannot be had; what lies below
   * it is then passed over.
   */
  plan(entry: Entry, number: number): Need | Promise<Need> {
    const { dirs, extras } = this.#tools;
    extras?.see(entry.depth, toByteString(entry.name));
    dirs.leave(entry.depth);
    const need = this.#compare(entry, number);
    const dir = entry.kind === "dir" ? dirs.parentAt(entry.depth + 1) : undefined;
    if (dir) extras?.enter(entry.depth + 1, dir);
    return need;
  }

  /** Keeps other sessions out, as the first file to come does. @throws LOCKED */
  lock(): void {
    this.#tools.workspace();
  }

  #compare(entry: Entry, number: number): Need | Promise<Need> {
    const { dirs, layout } = this.#tools;
    const parent = dirs.parentAt(entry.depth);
    if (!parent) return "nothing";
    if (layout === "contents" && entry.depth === 0) {
      dirs.enterRoot(number, entry);
      return "nothing";
    }
    const name = this.#nameOf(entry, number);
    try {
      if (!parent.parent && name === stagingName) throw new SyncError("PATH", "this name is reserved");
      return this.#planAt(parent, name, entry, number);
    } catch (thrown) {
      throw fileTrouble(thrown, printPlace(parent, name));
    }
  }

  #nameOf({ depth, name }: Entry, number: number): ByteString {
    const { destination } = this.#tools;
    if (depth > 0 || !destination.isSingle) return toByteString(name);
    if (number === 0) return destination.topName;
    throw new SyncError("PATH", "the destination is the place of a single file");
  }

  #planAt(dir: DirNode, name: ByteString, entry: Entry, number: number): Need | Promise<Need> {
    const { destination, dirs, workspace } = this.#tools;
    if (entry.kind === "file") return this.#planFile(dir, name, entry, number);
    if (entry.kind === "dir") dirs.make(number, entry.depth, dir, name, entry);
    else if (!hasLink(destination.held, dir, name, entry)) {
      makeLink(destination.held, workspace().staging, dir, name, entry);
    }
    return "nothing";
  }

  /** Small files come whole, as many as cost less than the round trip in which they would be asked about. */
  #isQuicker(size: number): boolean {
    if (size > Math.min(quickLimits.quickFileBytes, this.#quickBytes)) return false;
    this.#quickBytes -= size;
    return true;
  }

  #planFile(dir: DirNode, name: ByteString, entry: Entry, number: number): Need | Promise<Need> {
    const { held } = this.#tools.destination;
    const stats = dir.isNew ? undefined : held.look(dir, name);
    const isFile = stats?.kind === "file";
    if (stats && isFile && stats.size === entry.size && isSameTime(stats, entry)) {
      setPathMetadata(held.at(dir, name), stats, entry);
      return "nothing";
    }
    if (stats?.kind === "dir") checkEmpty(held.at(dir, name));
    const { search } = this.#tools.workspace();
    this.#tools.files.add(number, dir, name, entry);
    if (stats && isFile && stats.size > 0) return this.#isQuicker(entry.size) ? "all" : "ask";
    const mayHave = search.mayHave(dir, name, entry.size);
    return typeof mayHave === "boolean" ? needOf(mayHave) : mayHave.then(needOf);
  }
}

/** What a new file needs. */
function needOf(mayBeHere: boolean): Need {
  return mayBeHere ? "ask" : "all";
}
