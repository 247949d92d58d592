import { type Keeping, modeMask } from "../../plan/comparison.ts";
import { isSyncError } from "../../../errors.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import { isErrno, isRefusal } from "../calls/file-trouble.node.ts";
import type { KeptFacts } from "./kept-facts.node.ts";
import { type LinkKeeping, type PlaceKeeping, supposedKeeping, supposedLinkKeeping } from "./keeping.node.ts";
import { MetadataSetter, type Unkept } from "./metadata.node.ts";

/** Finds out by what is made there for a moment what is kept in a directory. */
export interface KeepingFinder {
  place(dir: DirNode): PlaceKeeping;
  links(dir: DirNode, keeping: PlaceKeeping): LinkKeeping;
}

/**
 * How facts, modes and times are set on each file system of a destination, and compared there: what
 * one of them keeps says nothing of another one that is mounted below it.
 */
export class MetadataSetters {
  readonly #kept: KeptFacts;
  readonly #finder: KeepingFinder;
  readonly #onUnkept: (what: Unkept) => void;
  /** By the directories that file systems begin at. */
  readonly #setters = new Map<DirNode, MetadataSetter>();
  readonly #keepings = new Map<DirNode, Keeping>();

  /** @param onUnkept called once for each thing that is not kept somewhere */
  constructor(kept: KeptFacts, finder: KeepingFinder, onUnkept: (what: Unkept) => void) {
    this.#kept = kept;
    this.#finder = finder;
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
    return this.#setters.get(top) ?? this.#add(top, this.#find(top));
  }

  /** The same without a look: what was not found out is supposed. */
  knownIn({ top }: DirNode): MetadataSetter {
    return this.#setters.get(top) ?? this.#add(top, this.#suppose());
  }

  /**
   * What is kept in a directory. That is found out when the first difference depends on it, and
   * then it is said what is not.
   */
  keepingIn({ top }: DirNode): Keeping {
    return this.#keepings.get(top) ?? this.#addKeeping(top);
  }

  #addKeeping(top: DirNode): Keeping {
    const find = (): PlaceKeeping => this.in(top).keeping;
    const findLinks = (): LinkKeeping => this.in(top).links;
    const { allowedModeBits } = this.#kept;
    const telling = (isKept: boolean, what: Unkept): boolean => {
      if (!isKept) this.#onUnkept(what);
      return isKept;
    };
    const keeping: Keeping = {
      allowedModeBits,
      get modeBits() {
        const { modeBits } = find();
        telling((allowedModeBits & modeMask & ~modeBits) === 0, "modes");
        return modeBits;
      },
      get timeUnitNsec() {
        return find().timeUnitNsec;
      },
      get keepsUsers() {
        return telling(find().keepsUsers, "owners");
      },
      get keepsGroups() {
        return telling(find().keepsGroups, "owners");
      },
      get keepsLinkTimes() {
        return findLinks().keepsLinkTimes;
      },
    };
    this.#keepings.set(top, keeping);
    return keeping;
  }

  #add(top: DirNode, keeping: PlaceKeeping): MetadataSetter {
    const findLinks = (): LinkKeeping =>
      findOrSuppose(
        () => this.#finder.links(top, keeping),
        () => supposedLinkKeeping,
      );
    const setter = new MetadataSetter(keeping, findLinks, this.#onUnkept, this.#kept.keep);
    this.#setters.set(top, setter);
    return setter;
  }

  #find(top: DirNode): PlaceKeeping {
    const found = findOrSuppose(
      () => this.#finder.place(top),
      () => this.#suppose(),
    );
    return this.fakes ? { ...found, keepsUsers: true, keepsGroups: true } : found;
  }

  #suppose(): PlaceKeeping {
    return supposedKeeping(this.#kept.allowedModeBits);
  }
}

/** What is found out, or supposed where nothing may be written. */
function findOrSuppose<Found>(find: () => Found, suppose: () => Found): Found {
  try {
    return find();
  } catch (thrown) {
    if (isSyncError(thrown, "LOCKED")) throw thrown;
    if (isErrno(thrown) && !isRefusal(thrown) && !isErrno(thrown, "EDQUOT", "ENOSPC", "EROFS")) throw thrown;
    return suppose();
  }
}
