import type { Keeping } from "../../plan/comparison.ts";
import { isSyncError } from "../../../errors.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import { isErrno, isRefusal } from "../calls/file-trouble.node.ts";
import type { KeptFacts } from "./kept-facts.node.ts";
import { type PlaceKeeping, supposedKeeping } from "./keeping.node.ts";
import { MetadataSetter, type Unkept } from "./metadata.node.ts";

/**
 * How facts, modes and times are set on each file system of a destination, and compared there: what
 * one of them keeps says nothing of another one that is mounted below it.
 */
export class MetadataSetters {
  readonly #kept: KeptFacts;
  readonly #find: (dir: DirNode) => PlaceKeeping;
  readonly #onUnkept: (what: Unkept) => void;
  /** By the directories that file systems begin at. */
  readonly #setters = new Map<DirNode, MetadataSetter>();
  readonly #keepings = new Map<DirNode, Keeping>();

  /**
   * @param find finds out by a temporary file what is kept in a directory
   * @param onUnkept called once for each thing that is not kept somewhere
   */
  constructor(kept: KeptFacts, find: (dir: DirNode) => PlaceKeeping, onUnkept: (what: Unkept) => void) {
    this.#kept = kept;
    this.#find = find;
    const told = new Set<Unkept>();
    this.#onUnkept = (what) => {
      if (told.has(what)) return;
      told.add(what);
      onUnkept(what);
    };
  }

  /** True where attributes of plain files stand for what only root may set. */
  get fakes(): boolean {
    return this.#kept.keep.fakeSuper === "receiver";
  }

  /**
   * Returns what sets them in a directory. How is found out at the first call for its file system,
   * and supposed where nothing may be written.
   *
   * @throws LOCKED, or what the system says where it fails
   */
  in({ top }: DirNode): MetadataSetter {
    return this.#setters.get(top) ?? this.#add(top, this.#findOrSuppose(top));
  }

  /** The same without a look: what was not found out is supposed. */
  knownIn({ top }: DirNode): MetadataSetter {
    return this.#setters.get(top) ?? this.#add(top, this.#suppose());
  }

  /** What is kept in a directory. That is found out when the first difference depends on it. */
  keepingIn({ top }: DirNode): Keeping {
    const known = this.#keepings.get(top);
    if (known) return known;
    const find = (): Keeping => this.in(top).keeping;
    const keeping: Keeping = {
      allowedModeBits: this.#kept.allowedModeBits,
      get modeBits() {
        return find().modeBits;
      },
      get timeUnitNsec() {
        return find().timeUnitNsec;
      },
    };
    this.#keepings.set(top, keeping);
    return keeping;
  }

  #add(top: DirNode, keeping: PlaceKeeping): MetadataSetter {
    const setter = new MetadataSetter(keeping, this.#onUnkept, this.#kept.keep);
    this.#setters.set(top, setter);
    return setter;
  }

  #findOrSuppose(top: DirNode): PlaceKeeping {
    try {
      return this.#find(top);
    } catch (thrown) {
      if (isSyncError(thrown, "LOCKED")) throw thrown;
      if (isErrno(thrown) && !isRefusal(thrown) && !isErrno(thrown, "EDQUOT", "ENOSPC", "EROFS"))
        throw thrown;
      return this.#suppose();
    }
  }

  #suppose(): PlaceKeeping {
    return supposedKeeping(this.#kept.allowedModeBits);
  }
}
