import fs from "node:fs";
import { dirname } from "node:path";
import type { Entry } from "../../entry/entry.ts";
import type { Facts } from "../../entry/facts.ts";
import type { Keeping } from "../../plan/comparison.ts";
import { fromByteString, nativePath, placeBytes, type PlacePath } from "../calls/byte-string.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import { HeldDirs } from "../calls/held-dirs.node.ts";
import { setsTime, type KeptFacts } from "../facts/kept-facts.node.ts";
import { seenKeeping } from "../facts/keeping.node.ts";
import type { Unkept } from "../facts/metadata.node.ts";
import { Volumes } from "./volumes.node.ts";

/** A destination, as far as it is there. */
interface ForeseenPlace {
  readonly place: PlacePath;
  readonly held: HeldDirs | undefined;
  readonly volumes: Volumes | undefined;
}

/** The bits of execution, which a place may show of directories alone. */
const executionBits = 0o111;

/** What a destination is known to keep, as nothing may be tried there. */
export class ForeseenKeeping {
  readonly #held: HeldDirs;
  readonly #volumes: Volumes;
  readonly #kept: KeptFacts;
  readonly #onUnkept: ((what: Unkept) => void) | undefined;
  /** True where the directory around the destination is held, which is not there yet. */
  readonly #isAround: boolean;
  /** By the directories that file systems begin at. */
  readonly #keepings = new Map<DirNode, Keeping>();
  readonly #said = new Set<Unkept>();

  /** @param onUnkept called once for each thing that is not kept, when it would be set first */
  constructor(
    { held, volumes, place }: ForeseenPlace,
    kept: KeptFacts,
    onUnkept: ((what: Unkept) => void) | undefined,
  ) {
    this.#isAround = held === undefined;
    this.#held = held ?? new HeldDirs(dirAround(place));
    this.#volumes = volumes ?? new Volumes(this.#held);
    this.#kept = kept;
    this.#onUnkept = onUnkept;
  }

  /** What is kept in a directory. */
  in(dir: DirNode): Keeping {
    const top = this.#topOf(dir);
    const known = this.#keepings.get(top);
    if (known) return known;
    const seen = seenKeeping(this.#held.lookAtDir(top), this.#kept.allowedModeBits);
    const { lacksGroups, lacksLinkTimes, lacksModes, lacksUsers } = this.#volumes.typeOf(top);
    const lacking = (is: boolean, what: Unkept): boolean => is && this.#tell(what);
    const keeping: Keeping = {
      ...seen,
      keepsLinkTimes: !lacksLinkTimes,
      get modeBits() {
        return lacking(lacksModes, "modes") ? 0 : seen.modeBits;
      },
      get keepsUsers() {
        return !lacking(lacksUsers, "owners");
      },
      get keepsGroups() {
        return !lacking(lacksGroups, "owners");
      },
    };
    this.#keepings.set(top, keeping);
    return keeping;
  }

  /**
   * Says what of an entry is not kept that would be made in a directory: what has no mode or owner
   * of its own there is taken to get those of the directory that its file system begins at.
   */
  tellOfNew(dir: DirNode, { kind, mode, facts }: Entry): void {
    const top = this.#topOf(dir);
    const type = this.#volumes.typeOf(top);
    if (kind === "symlink" && type.lacksLinkTimes && setsTime(this.#kept.keep, kind))
      this.#tell("times of links");
    if (kind !== "symlink" && type.lacksModes) {
      const unknownBits = type.showsOwnExecution && kind !== "dir" ? executionBits : 0;
      const setBits = this.#kept.allowedModeBits & ~unknownBits;
      if (((mode ^ this.#held.lookAtDir(top).mode) & setBits) !== 0) this.#tell("modes");
    }
    if (facts && (type.lacksUsers || type.lacksGroups)) this.#tellOfOwners(top, facts);
  }

  #tellOfOwners(top: DirNode, { user, group }: Facts): void {
    if (this.#kept.keep.fakeSuper === "receiver") return;
    const { lacksGroups, lacksUsers } = this.#volumes.typeOf(top);
    const made = this.#held.lookAtDir(top);
    const lacksUser = lacksUsers && user !== undefined && user.id !== made.owner;
    if (lacksUser || (lacksGroups && group !== undefined && group.id !== made.group)) this.#tell("owners");
  }

  close(): void {
    if (this.#isAround) this.#held.close();
  }

  #topOf({ top }: DirNode): DirNode {
    return this.#isAround ? this.#held.root : top;
  }

  #tell(what: Unkept): true {
    if (!this.#said.has(what)) this.#onUnkept?.(what);
    this.#said.add(what);
    return true;
  }
}

/** The nearest directory around a place that is there. */
function dirAround(place: PlacePath): Buffer {
  let around = dirname(placeBytes(place));
  while (!fs.existsSync(nativePath(around)) && dirname(around) !== around) around = dirname(around);
  return fromByteString(around);
}
