import fs from "node:fs";
import { sep } from "node:path";
import { utf8ByteString } from "../bytes/byte-string.ts";
import { SyncError } from "../errors.ts";
import type { DirNode } from "../tree/disk/calls/dir-node.node.ts";
import { HeldDirs } from "../tree/disk/calls/held-dirs.node.ts";
import { stagingName } from "../tree/entry/staging-name.ts";

/** Where content waits that is not complete, in the directory that becomes a bucket. */
export const uploadsName = ".rsync-stream-uploads";

/** Bytes of a name, which file systems bound so. */
const mostNameBytes = 255;

/** The place of a key: a name in a directory that is held open. */
export interface KeyPlace {
  readonly held: HeldDirs;
  readonly dir: DirNode;
  readonly name: string;
}

/**
 * A directory whose files are objects. Directories on the way to one are opened one in the other,
 * and links are not followed: whoever puts a link in the place of one leads nowhere.
 */
export class DirKeys {
  readonly root: string;
  #held: HeldDirs | undefined;

  constructor(root: string) {
    this.root = root;
  }

  /** The directory, opened when it is used first. */
  get held(): HeldDirs {
    return (this.#held ??= new HeldDirs(this.root));
  }

  /**
   * Does something at the place of a key, at once.
   *
   * @param isMade true to make the directories on the way
   * @throws PATH for a key that no file can have, or where something else is in the way
   */
  at<Result>(key: string, use: (place: KeyPlace) => Result, isMade = false): Result {
    const names = namesOf(key).map(utf8ByteString);
    const { held } = this;
    const way: DirNode[] = [];
    try {
      let dir = held.root;
      for (const name of names.slice(0, -1)) {
        if (isMade) makeDirectory({ held, dir, name });
        dir = holdDirectory({ held, dir, name }, key);
        way.push(dir);
      }
      return use({ held, dir, name: names.at(-1)! });
    } finally {
      for (const dir of way.reverse()) held.letGo(dir);
    }
  }

  /** Does something at a name in the place for content that is not complete. */
  inUploads<Result>(name: string, use: (place: KeyPlace) => Result): Result {
    const { held } = this;
    const place = { held, dir: held.root, name: uploadsName };
    makeDirectory(place, 0o700);
    const dir = holdDirectory(place, uploadsName);
    try {
      return use({ held, dir, name });
    } finally {
      held.letGo(dir);
    }
  }

  /** Removes what uploads left behind that ended before a time, and the place for it. */
  sweep(beforeMs: number): void {
    const { held } = this;
    if (held.look(held.root, uploadsName) === undefined) return;
    this.inUploads("", ({ dir }) => {
      for (const entry of fs.readdirSync(held.pathTo(dir)))
        if (fs.lstatSync(held.at(dir, entry)).mtimeMs < beforeMs) fs.unlinkSync(held.at(dir, entry));
    });
    removeEmpty({ held, dir: held.root, name: uploadsName });
  }

  close(): void {
    this.#held?.close();
    this.#held = undefined;
  }
}

/** True for a name of a directory where content waits that is not complete. */
export function isReservedName(name: string, isAtTop: boolean): boolean {
  return name === stagingName || (isAtTop && name === uploadsName);
}

/** True for names of which one leads there. */
export function hasReservedName(names: readonly string[]): boolean {
  return names.some((name, at) => isReservedName(name, at === 0));
}

/** The names that a key stands for. @throws PATH for a key that no file can have */
function namesOf(key: string): readonly string[] {
  const names = key.replace(/\/$/, "").split("/");
  const bad = names.find(
    (name) =>
      name === "" ||
      name === "." ||
      name === ".." ||
      name.includes("\0") ||
      (sep === "\\" && /[\\:]/.test(name)) ||
      Buffer.byteLength(name) > mostNameBytes,
  );
  if (bad !== undefined) throw noPath(key, "no file can have this key");
  if (hasReservedName(names)) throw noPath(key, "this name is reserved");
  return names;
}

/** Makes a directory, unless something is there. */
export function makeDirectory({ held, dir, name }: KeyPlace, mode = 0o777): void {
  try {
    fs.mkdirSync(held.at(dir, name), mode);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
  }
}

/** Removes a directory that has nothing in it. @returns false when it stays */
export function removeEmpty({ held, dir, name }: KeyPlace): boolean {
  try {
    fs.rmdirSync(held.at(dir, name));
    return true;
  } catch {
    return false;
  }
}

/** @throws PATH for what is no directory */
function holdDirectory({ held, dir, name }: KeyPlace, key: string): DirNode {
  try {
    return held.hold(dir, name);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== "ENOTDIR" && code !== "ELOOP") throw thrown;
    throw noPath(key, "something that is no directory is in the way");
  }
}

/** True when a call says that nothing is there. */
export function isMissing(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The error for a key that cannot be where it should. */
export function noPath(path: string, message: string): SyncError {
  return new SyncError("PATH", message, { detail: { path } });
}
