import fs from "node:fs";
import { closingAfter } from "../../bytes/closing.ts";
import { SyncError } from "../../errors.ts";
import type { NativePath } from "./byte-string.node.ts";
import { isSameMode, isSameTime, type Metadata, modeMask, type Standing } from "../plan/comparison.ts";
import type { NameAt } from "./call-at.node.ts";
import { isErrno } from "./file-trouble.node.ts";
import type { NameIn } from "./dir-node.node.ts";
import { O_PATH, type HeldDirs } from "./held-dirs.node.ts";
import { identityOf, isStillSame, type Identity } from "./identity.node.ts";
import { keepsLinkTimes, type PlaceKeeping, umask } from "./keeping.node.ts";

/** What of a tree a place may not keep. */
export type Unkept = "modes" | "times" | "times of links";

/**
 * The mode to make a file with that its owner has to write and read: its own where that is
 * possible.
 */
export function firstMode({ mode }: Metadata): number {
  return (mode & modeMask) | 0o600;
}

/**
 * The mode to make a directory with: its own where that lets its owner work in it, and nobody else
 * write.
 */
export function firstDirMode({ mode }: Metadata): number {
  return (mode & 0o755) | 0o700;
}

/**
 * Sets modes and times in the way that a place keeps them, and says once of each what it does not
 * keep.
 */
export class MetadataSetter {
  readonly keeping: PlaceKeeping;
  readonly #onUnkept: (what: Unkept) => void;
  readonly #told = new Set<Unkept>();
  #keepsLinkTimes: boolean | undefined;

  constructor(keeping: PlaceKeeping, onUnkept: (what: Unkept) => void = () => {}) {
    this.keeping = keeping;
    this.#onUnkept = onUnkept;
  }

  /**
   * Sets mode and time of an open file that was made with `firstMode`; after closing it, call
   * `setNamed`.
   */
  setHandle(fd: number, wanted: Metadata): void {
    const { allowedModeBits, fixedModeBits, modeBits, obeysUmask, setsTimesByName, times } = this.keeping;
    const mode = wanted.mode & allowedModeBits;
    if (((mode ^ fixedModeBits) & ~modeBits & allowedModeBits) !== 0) this.#tell("modes");
    if (modeBits !== 0 && !(obeysUmask && (firstMode(wanted) & ~umask) === mode)) {
      this.#attempt("modes", () => fs.fchmodSync(fd, mode));
    }
    if (!setsTimesByName) this.#setTime(() => times.setHandle(fd, wanted.mtimeSec, wanted.mtimeNsec));
  }

  /** Sets what could not be set while the file was open. */
  setNamed(held: HeldDirs, { dir, name }: NameIn, { mtimeSec, mtimeNsec }: Metadata): void {
    const { setsTimesByName, times } = this.keeping;
    if (setsTimesByName) this.#setTime(() => times.setAt(held.nameAt(dir, name), mtimeSec, mtimeNsec));
  }

  /**
   * Sets mode and time of a file or directory that was there, where they differ. Follows no link.
   */
  setAt(at: NameAt, there: Standing & Identity, wanted: Metadata): void {
    const { keeping } = this;
    if (!isSameMode(there, wanted, keeping)) setMode(at.path(), there, modeOver(there, wanted, keeping));
    else if (((there.mode ^ wanted.mode) & ~keeping.modeBits & keeping.allowedModeBits) !== 0)
      this.#tell("modes");
    if (isSameTime(there, wanted, keeping)) return;
    if (keeping.timeUnitNsec === Infinity) this.#tell("times");
    else keeping.times.setAt(at, wanted.mtimeSec, wanted.mtimeNsec);
  }

  /**
   * Sets the time of a link.
   *
   * @param temporary gives a name for a link that is made to find out whether links have times of
   *   their own
   */
  setLinkTime(held: HeldDirs, { dir, name }: NameIn, wanted: Metadata, temporary: () => NameIn): void {
    const { times } = this.keeping;
    this.#keepsLinkTimes ??= keepsLinkTimes(held, temporary(), times);
    if (!this.#keepsLinkTimes) return this.#tell("times of links");
    const set = (): void => times.setAt(held.nameAt(dir, name), wanted.mtimeSec, wanted.mtimeNsec);
    this.#attempt("times of links", set);
  }

  #setTime(set: () => void): void {
    if (this.keeping.timeUnitNsec === Infinity) this.#tell("times");
    else this.#attempt("times", set);
  }

  /**
   * What this process made itself is not lost because the system refuses to say whose or when it
   * is.
   */
  #attempt(what: Unkept, set: () => void): void {
    try {
      set();
    } catch (thrown) {
      if (!isErrno(thrown)) throw thrown;
      this.#tell(what);
    }
  }

  #tell(what: Unkept): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#onUnkept(what);
  }
}

/**
 * The mode of what is there once a wanted one is set: setuid, setgid and sticky bits stay at a
 * directory, whoever gave them, and at a file that is to have them.
 */
function modeOver({ kind, mode }: Standing, wanted: Metadata, { allowedModeBits }: PlaceKeeping): number {
  const special = kind === "dir" ? mode & ~modeMask : mode & wanted.mode & ~modeMask;
  return special | (wanted.mode & allowedModeBits) | (mode & ~allowedModeBits & modeMask);
}

/**
 * Sets the mode of what stands at a path, and was looked at before.
 *
 * @throws CHANGED when it is something else by now
 */
export function setMode(path: NativePath, there: Identity, mode: number): void {
  const fd = fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW);
  const set = (): void => {
    if (!isStillSame(there, identityOf(fd), fd)) {
      throw new SyncError("CHANGED", "something else took the place of what was looked at");
    }
    // A handle of a place only cannot be changed itself, but the way through it leads to just that
    // file.
    if (O_PATH === fs.constants.O_RDONLY) fs.fchmodSync(fd, mode);
    else fs.chmodSync(`/proc/self/fd/${fd}`, mode);
  };
  closingAfter(set, () => fs.closeSync(fd));
}
