import { SyncError } from "../../../errors.ts";
import { encodeByteText } from "../../../bytes/byte-text.ts";
import { printPath, toByteString, type ByteString } from "../calls/byte-string.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";

/** A name on the way to a path that was chosen, or at its end. */
interface Step {
  readonly names: Map<ByteString, Step>;
  isChosen: boolean;
  /** True when what is in the directory is sent, too, and nothing below that. */
  isOpen: boolean;
  isSeen: boolean;
}

/** The paths of a source that are sent, and the directories on the way to them. */
export class ChosenPaths {
  readonly #top: Step = createStep();
  readonly #isFlat: boolean;
  readonly #steps = new WeakMap<DirNode, Step>();
  /** Directories that are sent with all that is in them. */
  readonly #whole = new WeakSet<DirNode>();

  /**
   * @param paths below the source; a slash before them is nothing
   * @param isFlat true when directories are sent without what is in them; with it, but nothing
   * below,   where a slash is at the end of a path
   * @throws USAGE for a path that leads out
   */
  constructor(paths: readonly string[], isFlat: boolean) {
    this.#isFlat = isFlat;
    for (const path of paths) this.#add(toByteString(encodeByteText(path)));
  }

  /** True for a name that is no part of any of the paths. */
  excludes(dir: DirNode, name: ByteString): boolean {
    const around = this.#stepOf(dir);
    if (around?.names.has(name) === true) return false;
    return this.#isFlat ? around?.isOpen !== true : !this.#isWhole(dir);
  }

  /**
   * A name was found that is not excluded. Returns false for what is on the way to a path that is
   * not there.
   */
  see(dir: DirNode, name: ByteString, isDir: boolean): boolean {
    const step = this.#stepOf(dir)?.names.get(name);
    if (!step) return true;
    step.isSeen = true;
    return isDir || step.isChosen || this.#isWhole(dir) || this.#stepOf(dir)!.isOpen;
  }

  /** True for a directory that is sent for what is in it alone. */
  isOnTheWay(dir: DirNode, name: ByteString): boolean {
    const around = this.#stepOf(dir);
    const step = around?.names.get(name);
    return step?.isChosen === false && !around!.isOpen && !this.#isWhole(dir);
  }

  /** True for a directory that is sent without what is in it. */
  endsAt(dir: DirNode, name: ByteString): boolean {
    const step = this.#stepOf(dir)?.names.get(name);
    return this.#isFlat && step?.isOpen !== true && (step?.names.size ?? 0) === 0;
  }

  /** What is wrong with the paths that were not found. */
  *missing(step = this.#top, path: ByteString = ""): Generator<SyncError> {
    for (const [name, below] of step.names) {
      const at = `${path}${name}`;
      if (below.isChosen && !below.isSeen)
        yield new SyncError("NOT_FOUND", "a path that was asked for is not there", {
          detail: { path: printPath(at) },
        });
      yield* this.missing(below, `${at}/`);
    }
  }

  #add(path: ByteString): void {
    let step = this.#top;
    for (const name of path.split("/")) {
      if (name === "" || name === ".") continue;
      if (name === "..")
        throw new SyncError("USAGE", "a path that is asked for leads out of the source", {
          detail: { path: printPath(path) },
        });
      let next = step.names.get(name);
      if (!next) step.names.set(name, (next = createStep()));
      step = next;
    }
    step.isChosen = true;
    if (/\/\.?$/.test(path)) step.isOpen = true;
  }

  #stepOf(dir: DirNode): Step | undefined {
    if (!dir.parent) return this.#top;
    let step = this.#steps.get(dir);
    if (!step) {
      step = this.#stepOf(dir.parent)?.names.get(dir.name);
      if (step) this.#steps.set(dir, step);
    }
    return step;
  }

  #isWhole(dir: DirNode): boolean {
    if (this.#whole.has(dir)) return true;
    const isWhole =
      this.#stepOf(dir)?.isChosen === true || (dir.parent !== undefined && this.#isWhole(dir.parent));
    if (isWhole) this.#whole.add(dir);
    return isWhole;
  }
}

function createStep(): Step {
  return { names: new Map(), isChosen: false, isOpen: false, isSeen: false };
}
