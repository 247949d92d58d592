import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { SyncError } from "../errors.ts";
import type { ByteString } from "../tree/disk/calls/byte-string.node.ts";
import type { DirNode } from "../tree/disk/calls/dir-node.node.ts";
import { writeFully } from "../tree/disk/calls/file-cut.node.ts";
import { isErrno } from "../tree/disk/calls/file-trouble.node.ts";
import type { HeldDirs } from "../tree/disk/calls/held-dirs.node.ts";
import type { Bytes } from "../types.ts";
import { readFully } from "./blob-seed.node.ts";
import { FoundContentWriter } from "./found-content-writer.node.ts";
import { readFlags } from "../bytes/open-flags.node.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = fs.constants;
const copyBytes = 1_048_576;

/** Milliseconds after which a file that is not complete, and that nobody changed, is left over. */
export const leftFileMs = 86_400_000;
const incompleteName = /^\.rsync-stream-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * Removes from a directory what processes have left there that were killed a day ago or more. What
 * this user cannot see or remove stays.
 */
export function removeLeftovers(held: HeldDirs, dir: DirNode): void {
  try {
    for (const name of held.names(dir)) if (incompleteName.test(name)) removeLeftover(held, dir, name);
  } catch (thrown) {
    if (!isErrno(thrown)) throw thrown;
  }
}

function removeLeftover(held: HeldDirs, dir: DirNode, name: ByteString): void {
  const stats = fs.lstatSync(held.at(dir, name), { throwIfNoEntry: false });
  // Times of content are set before a file is complete; this one cannot be.
  if (stats?.isFile() !== true || Date.now() - stats.ctimeMs < leftFileMs) return;
  held.writeIn(dir, () => fs.rmSync(held.at(dir, name), { force: true }));
}

/** A file that is written. */
interface NewFile {
  readonly fd: number;
  readonly name: ByteString;
  readonly writer: FoundContentWriter;
}

/**
 * A file that gets its content block by block. As long as the file that has its name holds the same
 * nothing is written; from the first difference on a new file is, which then takes the name. Where
 * the file system can, blocks that are the same in both are shared.
 */
export class TreeFile {
  readonly #held: HeldDirs;
  readonly #dir: DirNode;
  readonly #name: ByteString;
  readonly #size: number;
  /** The file that has the name, as long as anything may be taken from it. */
  #old: number | undefined;
  /** True while the old file may be all that is to be. */
  #isOld: boolean;
  #new: NewFile | undefined;
  #at = 0;

  constructor(held: HeldDirs, dir: DirNode, name: ByteString, size: number) {
    this.#held = held;
    this.#dir = dir;
    this.#name = name;
    this.#size = size;
    this.#old = openIfFile(held, dir, name);
    this.#isOld = this.#old !== undefined && this.#isLike(fs.fstatSync(this.#old));
  }

  /** Takes the next bytes. */
  write(bytes: Bytes): void {
    const isSame = this.#isSame(bytes);
    if (!this.#isOld || !isSame) {
      const { fd, writer } = this.#begin();
      if (isSame && this.#old !== undefined) writer.put({ bytes, fd: this.#old, offset: this.#at }, this.#at);
      else writeFully(fd, bytes, this.#at);
    }
    this.#at += bytes.length;
  }

  /**
   * Says that all content came: the file has its name when this returns.
   *
   * @param finish is called with its descriptor before
   */
  complete(finish: (fd: number) => void): void {
    if (!this.#isOld) this.#begin();
    finish((this.#new?.fd ?? this.#old)!);
    if (this.#new) this.#held.rename(this.#dir, this.#new.name, this.#dir, this.#name);
    this.#closeAll();
  }

  /** Removes what is not complete. */
  abandon(): void {
    const { name } = this.#new ?? {};
    this.#closeAll();
    if (name !== undefined) fs.rmSync(this.#held.at(this.#dir, name), { force: true });
  }

  /** True for a file that may stay. Of several names of one the others may not change with this. */
  #isLike({ nlink, size }: fs.Stats): boolean {
    return size === this.#size && nlink === 1;
  }

  #isSame(bytes: Bytes): boolean {
    if (this.#old === undefined) return false;
    const old = readFully(this.#old, this.#at, bytes.length);
    return old !== undefined && Buffer.compare(old, bytes) === 0;
  }

  /** The new file, which is begun when there is none. */
  #begin(): NewFile {
    if (this.#new) return this.#new;
    this.#isOld = false;
    const name = `.rsync-stream-${randomUUID()}`;
    const { dir, held } = { dir: this.#dir, held: this.#held };
    const fd = held.writeIn(dir, () => held.open(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    const { blksize: blockBytes } = fs.fstatSync(fd);
    this.#new = { fd, name, writer: new FoundContentWriter(fd, { blockBytes }) };
    if (this.#old !== undefined) this.#takeHead(this.#old, this.#new, blockBytes);
    return this.#new;
  }

  /**
   * Takes from the old file what came so far, and no less than a block: it shows whether any can be
   * shared, and all that is not right of it is written over.
   */
  #takeHead(old: number, { writer }: NewFile, blockBytes: number): void {
    const length = Math.max(this.#at, Math.min(blockBytes, this.#size, fs.fstatSync(old).size));
    for (let at = 0; at < length; at += copyBytes) {
      const bytes = readFully(old, at, Math.min(copyBytes, length - at));
      if (bytes === undefined) throw new SyncError("CHANGED", "the file was changed by somebody else");
      writer.put({ bytes, fd: old, offset: at }, at);
    }
    if (writer.canShare(old)) return;
    fs.closeSync(old);
    this.#old = undefined;
  }

  #closeAll(): void {
    for (const fd of [this.#old, this.#new?.fd]) if (fd !== undefined) fs.closeSync(fd);
    this.#old = this.#new = undefined;
  }
}

function openIfFile(held: HeldDirs, dir: DirNode, name: ByteString): number | undefined {
  try {
    const fd = held.open(dir, name, readFlags);
    if (fs.fstatSync(fd).isFile()) return fd;
    fs.closeSync(fd);
  } catch (thrown) {
    if (!isErrno(thrown)) throw thrown;
  }
  return undefined; // not there, no file, or not to be read: it is replaced
}
