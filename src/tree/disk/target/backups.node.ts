import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import { SyncError } from "../../../errors.ts";
import type { Keep } from "../../plan/keep.ts";
import { placeBytes, type ByteString, type PlacePath } from "../calls/byte-string.node.ts";
import { renameAt } from "../calls/call-at.node.ts";
import { copyContent } from "../calls/copy-content.node.ts";
import { printPlace, type DirNode, type NameIn } from "../calls/dir-node.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { removeDir, removeFile } from "../calls/remove-file.node.ts";
import { SideDir } from "./side-dir.node.ts";

/** Where files go that others take the place of, and files that are deleted. */
export interface BackupOptions {
  /**
   * The directory that backups go into, under the paths that the files had; relative to the
   * destination. It is made when the first comes, and nothing in it is deleted.
   */
  readonly backupDir?: PlacePath | undefined;
  /**
   * What is added to the names of backups. Without a directory they lie beside the files, and those
   * of earlier sessions stay, unless what is excluded is deleted.
   */
  readonly backupSuffix?: string | undefined;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

/**
 * Keeps what is replaced or deleted. A backup is the old file itself, with all its metadata, where
 * that can be renamed or have one more name; on another file system it is a copy with its mode and
 * time. It takes the place of an older backup.
 */
export class Backups {
  readonly #tree: HeldDirs;
  readonly #side: SideDir | undefined;
  readonly #suffix: ByteString;

  private constructor(tree: HeldDirs, side: SideDir | undefined, suffix: ByteString) {
    this.#tree = tree;
    this.#side = side;
    this.#suffix = suffix;
  }

  /** Returns undefined where nothing is kept. @throws USAGE for a suffix that no name can have */
  static of(
    tree: HeldDirs,
    options: BackupOptions & { readonly keep?: Keep | undefined },
  ): Backups | undefined {
    const { backupDir, backupSuffix, keep } = options;
    if (backupDir === undefined && backupSuffix === undefined) return undefined;
    const base = { held: tree, rootPath: tree.rootPath, keep };
    const side = backupDir === undefined ? undefined : new SideDir(base, backupDir);
    return new Backups(tree, side, placeBytes(checkBackups(options)));
  }

  /**
   * True for a file that stays in its directory under another name when it is deleted: the
   * directory stays, too.
   */
  staysBeside(name: ByteString): boolean {
    return this.#side === undefined && !this.#isBackup(name);
  }

  /** The name of a backup beside the file; undefined where it goes elsewhere. */
  nameBeside(name: ByteString): ByteString | undefined {
    return this.#side ? undefined : name + this.#suffix;
  }

  /** True for the directory that backups go into. */
  isOwnDir(stats: FileStats): boolean {
    return this.#side?.is(stats) ?? false;
  }

  /** Keeps a file or link that another one is about to take the place of. */
  keep({ dir, name }: NameIn): void {
    const { held, at } = this.#placeFor(dir, name);
    this.#clear(held, at);
    const link = (): void => fs.linkSync(this.#tree.at(dir, name), held.at(at.dir, at.name));
    try {
      held.writeIn(at.dir, link);
    } catch (thrown) {
      if (!isErrno(thrown, "EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS")) throw thrown;
      held.writeIn(at.dir, () => this.#copy({ dir, name }, held, at));
    }
  }

  /** Takes a file or link out of the tree that is to be deleted: a backup is not kept again. */
  remove({ dir, name }: NameIn): void {
    if (!this.#isBackup(name) && this.#tree.look(dir, name)) this.#move({ dir, name });
    else this.#tree.writeIn(dir, () => fs.unlinkSync(this.#tree.at(dir, name)));
  }

  close(): void {
    this.#side?.close();
  }

  #isBackup(name: ByteString): boolean {
    return this.#side === undefined && name.endsWith(this.#suffix);
  }

  #move({ dir, name }: NameIn): void {
    const { held, at } = this.#placeFor(dir, name);
    const rename = (): void => {
      const now = held.nameAt(at.dir, at.name);
      renameAt(this.#tree.nameAt(dir, name), now);
    };
    const renameOrCopy = (): void => {
      try {
        held.writeIn(at.dir, () => this.#tree.writeIn(dir, rename));
      } catch (thrown) {
        if (!isErrno(thrown, "EXDEV")) throw thrown;
        this.#clear(held, at);
        held.writeIn(at.dir, () => this.#copy({ dir, name }, held, at));
      }
    };
    try {
      renameOrCopy();
    } catch (thrown) {
      if (!isErrno(thrown, "EISDIR", "ENOTEMPTY", "EEXIST")) throw thrown;
      this.#clear(held, at);
      renameOrCopy();
    }
    // A copy was made, or the backup was another name of the same file, which is not renamed then.
    this.#tree.writeIn(dir, () => removeFile(this.#tree, { dir, name }));
  }

  #placeFor(dir: DirNode, name: ByteString): { readonly held: HeldDirs; readonly at: NameIn } {
    const backup = name + this.#suffix;
    if (!this.#side) return { held: this.#tree, at: { dir, name: backup } };
    return { at: { dir: this.#side.makeDirFor(dir), name: backup }, held: this.#side.held };
  }

  /** Removes an older backup: in a directory of backups, that may be a directory. */
  #clear(held: HeldDirs, at: NameIn): void {
    if (held.look(at.dir, at.name)?.kind !== "dir") return held.writeIn(at.dir, () => removeFile(held, at));
    if (!this.#side) throw trouble("IO", "a directory stands where the backup belongs", at);
    held.writeIn(at.dir, () => removeDir(held, at));
  }

  #copy(from: NameIn, held: HeldDirs, at: NameIn): void {
    const stats = this.#tree.look(from.dir, from.name);
    if (stats?.kind === "symlink") {
      const target = this.#tree.readLink(from.dir, from.name);
      return fs.symlinkSync(Buffer.from(target), held.at(at.dir, at.name));
    }
    if (stats?.kind !== "file")
      throw trouble("UNSUPPORTED", "a device, pipe or socket cannot be kept on another file system", from);
    const to = held.open(at.dir, at.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    const copy = (): void => {
      copyContent(this.#tree, from, to);
      fs.ftruncateSync(to, stats.size);
      if (process.geteuid?.() === 0) fs.fchownSync(to, stats.owner, fs.fstatSync(to).gid);
      fs.fchmodSync(to, stats.mode);
      const time = stats.mtimeSec + stats.mtimeNsec / 1e9;
      fs.futimesSync(to, time, time);
    };
    closingAfter(copy, () => fs.closeSync(to));
  }
}

/**
 * The rule that spares backups of earlier sessions from deletion; undefined where they do not lie
 * in the tree.
 */
export function backupRule({ backupDir, backupSuffix }: BackupOptions): string | undefined {
  if (backupDir !== undefined || backupSuffix === undefined) return undefined;
  return `P *${backupSuffix.replace(/[*?[\\]/g, "\\$&")}`;
}

/** The suffix of backups, which may be empty in a directory of their own. @throws USAGE */
export function checkBackups({ backupDir, backupSuffix = "" }: BackupOptions): string {
  if (backupSuffix === "" && backupDir === undefined)
    throw new SyncError("USAGE", "backups beside the files need a suffix");
  if (/[/\0]/.test(backupSuffix)) throw new SyncError("USAGE", "a suffix of backups is a part of a name");
  return backupSuffix;
}

function trouble(code: "IO" | "UNSUPPORTED", message: string, { dir, name }: NameIn): SyncError {
  return new SyncError(code, message, { detail: { path: printPlace(dir, name) } });
}
