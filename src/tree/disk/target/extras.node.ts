import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { fileTrouble, isErrno } from "../calls/file-trouble.node.ts";
import { pathBelow, printPlace, DirNode, type NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { forbidsOwnerToLook } from "../calls/owner-rights.node.ts";
import type { Backups } from "./backups.node.ts";
import type { DirFilters } from "../source/dir-filters.node.ts";
import { stagingName } from "../../entry/staging-name.ts";
import { removeDeadStaging } from "./staging-room.node.ts";
import type { TempDir } from "./temp-dir.node.ts";
import { type Volumes, withoutCase } from "./volumes.node.ts";
import { walk, type WalkOptions } from "../calls/walk.node.ts";

/**
 * A directory that was there before, and the names that entries have given to what belongs into it.
 */
interface Level {
  readonly dir: DirNode;
  readonly names: Set<ByteString>;
  /** True when all that is in the directory has to go. */
  readonly isDying: boolean;
}

/** Something that no entry names. */
interface Extra {
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly kind: FileStats["kind"];
}

/** Something that no entry names in a directory that one does. */
interface Candidate extends Extra {
  readonly isDying: boolean;
  /** True for a directory that cannot be looked into as it is. */
  readonly isClosed?: boolean;
}

/** What is deleted, and how. */
interface ExtrasOptions {
  /** What is spared, and the directories that it lies in. */
  readonly filters?: DirFilters | undefined;
  /** Keep what is deleted. */
  readonly backups?: Backups | undefined;
  /** Where the content of new files is written. */
  readonly tempDir?: TempDir | undefined;
  /** True to delete nothing but what is in directories that make room for something else. */
  readonly onlyDying?: boolean;
  /** True to delete nothing when there is no entry but the top one. */
  readonly refusesEmpty?: boolean;
  /** The file systems that are there. */
  readonly volumes?: Volumes | undefined;
  /** True to change nothing, and look into no directory for which that is needed. */
  readonly looksOnly?: boolean;
}

/** Why nothing is deleted when the sender did not name all that it has. */
export function notWhole(): SyncError {
  return new SyncError("PARTIAL", "the sender could not list or read all it has, so nothing was deleted");
}

/**
 * What is at the destination and not among the entries. That is found as these come by in canonical
 * order, when the last of a directory has come; only what lies in directories that are entries
 * themselves is looked at. What is protected is decided at the end, when files with rules have
 * come.
 */
export class Extras {
  readonly #held: HeldDirs;
  readonly #maxCount: number;
  readonly #filters: DirFilters | undefined;
  readonly #backups: Backups | undefined;
  readonly #tempDir: TempDir | undefined;
  readonly #onlyDying: boolean;
  readonly #refusesEmpty: boolean;
  readonly #volumes: Volumes | undefined;
  readonly #looksOnly: boolean;
  #seenCount = 0;
  /** By depth of what lies in them; undefined for directories that are new, or could not be had. */
  readonly #levels: (Level | undefined)[] = [];
  readonly #candidates: Candidate[] = [];
  /** What is to be deleted, a directory before what is in it. */
  readonly #found: Extra[] = [];
  /**
   * Directories in which a session stages files, or did; but for the tops of file systems, which
   * are always looked at.
   */
  readonly #stagings: DirNode[] = [];
  /** Directories to be deleted that forbade it, and the modes that they had. */
  readonly #opened: { readonly dir: DirNode; readonly mode: number }[] = [];
  /** What could not be looked at. */
  readonly troubles: SyncError[] = [];

  /** @param maxCount how many may be deleted, each file and each directory counted */
  constructor(held: HeldDirs, maxCount: number, options: ExtrasOptions = {}) {
    this.#held = held;
    this.#maxCount = maxCount;
    this.#filters = options.filters;
    this.#backups = options.backups;
    this.#tempDir = options.tempDir;
    this.#onlyDying = options.onlyDying ?? false;
    this.#refusesEmpty = options.refusesEmpty ?? false;
    this.#volumes = options.volumes;
    this.#looksOnly = options.looksOnly ?? false;
  }

  /** An entry has this name, whether or not it can be brought about. */
  see(depth: number, name: ByteString): void {
    this.#seenCount += 1;
    this.#closeBelow(depth);
    this.#levels[depth]?.names.add(name);
  }

  /** The entry seen last replaces a file, of which a backup may be made beside it. */
  expectBackup(depth: number, name: ByteString): void {
    const backup = this.#backups?.nameBeside(name);
    if (backup !== undefined) this.#levels[depth]?.names.add(backup);
  }

  /**
   * The entry seen last is this directory: what lies in it is of this depth, and comes next.
   *
   * @param isDying true when the directory makes room for something else
   */
  enter(depth: number, dir: DirNode, isDying = false): void {
    if (!dir.isNew && (isDying || !this.#onlyDying)) this.#levels[depth] = { dir, names: new Set(), isDying };
  }

  /**
   * All entries were seen, and files are in place. Returns how many are to be deleted that none of
   * them names.
   *
   * @throws USAGE, LIMIT, IO for files with rules that cannot be read
   */
  close(): number {
    this.#closeBelow(-1);
    let isAllowed = false;
    try {
      for (const candidate of this.#candidates.splice(0)) {
        if (this.#found.length <= this.#maxCount) this.#judge(candidate);
      }
      isAllowed = !this.refusal;
    } finally {
      if (!isAllowed) this.#closeOpened();
    }
    return isAllowed ? this.#found.length : 0;
  }

  /** Why nothing is to be deleted: LIMIT when that would be too much, or all that was there. */
  get refusal(): SyncError | undefined {
    const limit = this.#maxCount;
    if (this.#found.length > 0 && this.#refusesEmpty && this.#seenCount < 2)
      return new SyncError(
        "LIMIT",
        "nothing is at the source, so nothing was deleted; --allow-empty-source allows that",
      );
    if (this.#found.length <= limit) return undefined;
    const message = `more than ${limit} would be deleted, so nothing was; --max-delete allows more`;
    return new SyncError("LIMIT", message, { detail: { limit } });
  }

  /** What they are, a directory before what is in it. */
  *list(): Generator<NameIn & { readonly path: string; readonly kind: FileStats["kind"] }> {
    for (const { dir, name, kind } of this.#found) yield { dir, name, path: printPlace(dir, name), kind };
  }

  /** Deletes them, the deepest first. What fails is told, and does not stop the others. */
  *delete(): Generator<{
    readonly path: string;
    readonly kind?: FileStats["kind"];
    readonly trouble?: SyncError;
  }> {
    try {
      for (const trouble of this.troubles) yield { path: trouble.detail.path ?? "", trouble };
      yield* this.#deleteStagings();
      for (let extra = this.#found.pop(); extra; extra = this.#found.pop()) {
        const path = printPlace(extra.dir, extra.name);
        const trouble = this.#remove(extra, path);
        yield trouble === undefined ? { path, kind: extra.kind } : { path, trouble };
      }
    } finally {
      this.#closeOpened();
    }
  }

  /** Gives directories that stay their modes back. */
  #closeOpened(): void {
    for (const { dir, mode } of this.#opened.splice(0).reverse()) {
      try {
        if (this.#held.look(dir.parent!, dir.name)) this.#held.setDirMode(dir, mode);
      } catch (thrown) {
        if (!isErrno(thrown)) throw thrown; // it is gone, or somebody else's
      }
    }
  }

  #remove({ dir, name, kind }: Extra, path: string): SyncError | undefined {
    try {
      const remove = kind === "dir" ? fs.rmdirSync : fs.unlinkSync;
      if (this.#backups && kind !== "dir") this.#backups.remove({ dir, name });
      else this.#held.writeIn(dir, () => remove(this.#held.at(dir, name)));
      return undefined;
    } catch (thrown) {
      return isErrno(thrown, "ENOENT") ? undefined : fileTrouble(thrown, path);
    }
  }

  /** What sessions left that are dead; those of running ones stay. */
  *#deleteStagings(): Generator<{ readonly path: string; readonly trouble: SyncError }> {
    for (const dir of this.#stagings.splice(0)) {
      try {
        removeDeadStaging(this.#held, dir);
      } catch (thrown) {
        const path = printPlace(dir, stagingName);
        yield { path, trouble: fileTrouble(thrown, path) };
      }
    }
  }

  #closeBelow(depth: number): void {
    while (this.#levels.length > depth + 1) {
      const level = this.#levels.pop();
      if (level !== undefined) this.#search(level);
    }
  }

  /** True for a directory that no entry names when it stays, for what is protected in it, too. */
  stays(dir: DirNode, name: ByteString): boolean {
    if (this.refusal) return true;
    for (const found of walk(this.#held, { from: new DirNode(dir, name) })) {
      const { kind } = found.stats;
      if (this.#isProtected({ ...found, kind, isDying: true }) || this.#staysBeside(found.name, kind))
        return true;
      if (this.#isOwnDir(found.stats)) return true;
    }
    return false;
  }

  /** True when directories that no entry names may stay for what is in them. */
  get #maySpare(): boolean {
    return [this.#filters, this.#backups, this.#tempDir].some((sparing) => sparing !== undefined);
  }

  /** True for a directory that the target works with, in which nothing is deleted. */
  #isOwnDir(stats: FileStats): boolean {
    return this.#backups?.isOwnDir(stats) === true || this.#tempDir?.is(stats) === true;
  }

  #staysBeside(name: ByteString, kind: FileStats["kind"]): boolean {
    return kind !== "dir" && this.#backups?.staysBeside(name) === true;
  }

  #isProtected({ dir, name, kind, isDying }: Candidate): boolean {
    return this.#filters?.of(dir).excludes(name, kind === "dir", isDying) ?? false;
  }

  /**
   * Collects what lies in a directory and was not seen. Without a filter all of it goes, and when
   * that is more than may be the walk is left.
   */
  #search({ dir, names, isDying }: Level): void {
    if (isDying && this.#looksOnly && forbidsOwnerToLook(this.#held.lookAtDir(dir))) return;
    const isSeen = this.#comparing(dir, names);
    const passOver = (_: DirNode, name: ByteString): boolean => name !== stagingName && isSeen(name);
    const skip = (_: DirNode, name: ByteString, stats: FileStats): boolean => {
      const { kind } = stats;
      if (!this.#maySpare && this.#candidates.length > this.#maxCount) return false;
      const isOwn = this.#isStaging(dir, name, kind) || this.#isOwnDir(stats);
      if (!isOwn) this.#candidates.push({ dir, name, kind, isDying, isClosed: forbidsOwnerToLook(stats) });
      return true;
    };
    const into = isDying ? this.#intoClosed : {};
    walk(this.#held, { from: dir, passOver, skip, onTrouble: this.#onTrouble, ...into }).next();
  }

  /** Returns what tells whether an entry has a name in a directory. */
  #comparing(dir: DirNode, names: ReadonlySet<ByteString>): (name: ByteString) => boolean {
    if (names.size === 0 || this.#volumes?.ignoresCase(dir) !== true) return (name) => names.has(name);
    const keys = new Set([...names].map(withoutCase));
    return (name) => keys.has(withoutCase(name));
  }

  /** Finds what is to be deleted of something that no entry names. */
  #judge(candidate: Candidate): void {
    const { dir, name, kind } = candidate;
    if (this.#isProtected(candidate)) return;
    const first = this.#found.push({ dir, name, kind });
    if (kind !== "dir" || (candidate.isClosed === true && this.#looksOnly)) return;
    const top = new DirNode(dir, name);
    /** Directories that hold something protected. */
    const spared = new Set<ByteString>();
    const spare = (at: DirNode): void => {
      for (let kept = at; kept !== dir && kept.parent; kept = kept.parent) spared.add(pathBelow(kept));
    };
    const isKept = (at: DirNode, below: ByteString, stats: FileStats): boolean => {
      if (this.#isStaging(at, below, stats.kind)) return true;
      const isProtected = this.#isProtected({ dir: at, name: below, kind: stats.kind, isDying: true });
      if (!isProtected && !this.#isOwnDir(stats)) return false;
      spare(at);
      return true;
    };
    /** Those that are not spared, whatever is found. */
    let certainCount = first - 1;
    const options = { from: top, skip: isKept, onTrouble: this.#onTrouble, ...this.#intoClosed };
    for (const found of walk(this.#held, options)) {
      if (certainCount > this.#maxCount) return;
      const { kind: foundKind } = found.stats;
      this.#found.push({ dir: found.dir, name: found.name, kind: foundKind });
      if (!this.#maySpare || foundKind !== "dir") certainCount += 1;
      if (this.#staysBeside(found.name, foundKind)) spare(found.dir);
    }
    if (spared.size === 0) return;
    const found = this.#found.splice(first - 1);
    this.#found.push(...found.filter((extra) => !spared.has(`${pathBelow(extra.dir)}/${extra.name}`)));
  }

  /** What the way into directories is that forbid to be looked into, and will be deleted. */
  get #intoClosed(): Pick<WalkOptions, "endAt" | "enter"> {
    if (this.#looksOnly) return { endAt: (_dir, _name, stats) => forbidsOwnerToLook(stats) };
    return {
      enter: (dir) => {
        const mode = this.#held.openUp(dir);
        if (mode !== undefined) this.#opened.push({ dir, mode });
      },
    };
  }

  /** True for the directory of a session in one; that it is there is kept in mind. */
  #isStaging(dir: DirNode, name: ByteString, kind: FileStats["kind"]): boolean {
    const isStaging = name === stagingName && kind === "dir";
    if (isStaging && !dir.volume) this.#stagings.push(dir);
    return isStaging;
  }

  readonly #onTrouble = (error: SyncError): void => void this.troubles.push(error);
}
