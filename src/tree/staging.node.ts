import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { SyncError } from "../errors.ts";
import type { ByteString, NativePath } from "./byte-string.node.ts";
import { isErrno } from "./file-trouble.node.ts";
import { pathBelow, type DirNode, type HeldDirs } from "./held-dirs.node.ts";
import { hashText } from "./likeness.node.ts";
import { takeLock } from "./lock.node.ts";
import { stagingName } from "./staging-name.ts";

/** A file that an earlier session left behind. */
export interface Leftover {
  readonly name: ByteString;
  readonly size: number;
}

/**
 * The directory inside a destination where files wait until they are complete: private, locked, and on the
 * same file system, so that one rename puts a file in its place.
 */
export class Staging {
  readonly dir: DirNode;
  /** What an earlier session received and could not finish. */
  readonly leftovers: readonly Leftover[];
  readonly #held: HeldDirs;
  readonly #session = randomBytes(6).toString("hex");
  #count = 0;

  /** @throws LOCKED while another session writes here */
  constructor(held: HeldDirs) {
    this.#held = held;
    this.dir = { parent: held.root, name: stagingName };
    openPrivate(held.at(held.root, stagingName));
    takeLock((name) => this.at(name));
    this.leftovers = this.#list();
  }

  at(name: ByteString): NativePath {
    return this.#held.at(this.dir, name);
  }

  /** A new name, which tells a later session for which path it was. */
  newName(dir: DirNode, name: ByteString): ByteString {
    return `${tagOf(dir, name)}.${this.#session}.${(this.#count++).toString(36)}`;
  }

  /** True when an earlier session left something of this path. */
  hasLeftover(dir: DirNode, name: ByteString): boolean {
    if (this.leftovers.length === 0) return false;
    const tag = tagOf(dir, name);
    return this.leftovers.some((leftover) => leftover.name.startsWith(tag));
  }

  remove(name: ByteString): void {
    fs.rmSync(this.at(name), { force: true });
  }

  /** Unlocks; removes the directory when nothing is left in it. */
  close(): void {
    try {
      this.remove("lock");
      fs.rmdirSync(this.#held.at(this.#held.root, stagingName));
    } catch (thrown) {
      if (!isErrno(thrown)) throw thrown;
    }
  }

  #list(): Leftover[] {
    const leftovers: Leftover[] = [];
    for (const name of fs.readdirSync(this.#held.pathTo(this.dir), { encoding: "latin1" })) {
      if (name.startsWith("lock")) continue;
      const stats = fs.lstatSync(this.at(name));
      if (stats.isFile()) leftovers.push({ name, size: stats.size });
      else if (!stats.isDirectory()) this.remove(name);
    }
    return leftovers;
  }
}

function openPrivate(path: NativePath): void {
  try {
    fs.mkdirSync(path, 0o700);
  } catch (thrown) {
    if (!isErrno(thrown, "EEXIST")) throw thrown;
  }
  const stats = fs.lstatSync(path);
  const isOurs = process.getuid === undefined || stats.uid === process.getuid();
  if (stats.isDirectory() && isOurs && (stats.mode & 0o077) === 0) return;
  throw new SyncError("PATH", "the staging directory is not a private directory of this user", {
    detail: { path: stagingName },
  });
}

function tagOf(dir: DirNode, name: ByteString): string {
  return hashText(`${pathBelow(dir)}/${name}`)
    .toString(16)
    .padStart(8, "0");
}
