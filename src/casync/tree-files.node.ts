import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { SyncError } from "../errors.ts";
import type { ByteString } from "../tree/disk/calls/byte-string.node.ts";
import type { DirNode } from "../tree/disk/calls/dir-node.node.ts";
import { isErrno } from "../tree/disk/calls/file-trouble.node.ts";
import type { HeldDirs } from "../tree/disk/calls/held-dirs.node.ts";
import type { Bytes } from "../types.ts";
import { readFully } from "./blob-seed.node.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants;
const copyBytes = 1_048_576;

/**
 * A file that gets its content block by block. As long as the file that has its name holds the same
 * nothing is written; from the first difference on a new file is, which then takes the name.
 */
export class TreeFile {
  readonly #held: HeldDirs;
  readonly #dir: DirNode;
  readonly #name: ByteString;
  readonly #size: number;
  #old: number | undefined;
  #new: { readonly fd: number; readonly name: ByteString } | undefined;
  #at = 0;

  constructor(held: HeldDirs, dir: DirNode, name: ByteString, size: number) {
    this.#held = held;
    this.#dir = dir;
    this.#name = name;
    this.#size = size;
    this.#old = this.#openOld();
  }

  /** Takes the next bytes. */
  write(bytes: Bytes): void {
    if (this.#old !== undefined && !this.#isSame(bytes)) this.#begin();
    else if (this.#old === undefined && this.#new === undefined) this.#begin();
    if (this.#new) writeFully(this.#new.fd, bytes, this.#at);
    this.#at += bytes.length;
  }

  /**
   * Says that all content came: the file has its name when this returns.
   *
   * @param finish is called with its descriptor before
   */
  complete(finish: (fd: number) => void): void {
    if (this.#old === undefined && this.#new === undefined) this.#begin();
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

  /** The file that has the name, when it may hold the content already. */
  #openOld(): number | undefined {
    const fd = openIfFile(this.#held, this.#dir, this.#name);
    if (fd === undefined) return undefined;
    const stats = fs.fstatSync(fd);
    // Of several names of a file the others may not change with this one.
    if (stats.isFile() && stats.size === this.#size && stats.nlink === 1) return fd;
    fs.closeSync(fd);
    return undefined;
  }

  #isSame(bytes: Bytes): boolean {
    const old = readFully(this.#old!, this.#at, bytes.length);
    return old !== undefined && Buffer.compare(old, bytes) === 0;
  }

  #begin(): void {
    const name = `.rsync-stream-${randomUUID()}`;
    const { dir, held } = { dir: this.#dir, held: this.#held };
    const fd = held.writeIn(dir, () => held.open(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    this.#new = { fd, name };
    if (this.#old === undefined) return;
    for (let at = 0; at < this.#at; at += copyBytes) {
      const part = readFully(this.#old, at, Math.min(copyBytes, this.#at - at));
      if (part === undefined) throw new SyncError("CHANGED", "the file was changed by somebody else");
      writeFully(fd, part, at);
    }
    fs.closeSync(this.#old);
    this.#old = undefined;
  }

  #closeAll(): void {
    for (const fd of [this.#old, this.#new?.fd]) if (fd !== undefined) fs.closeSync(fd);
    this.#old = this.#new = undefined;
  }
}

function openIfFile(held: HeldDirs, dir: DirNode, name: ByteString): number | undefined {
  try {
    return held.open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (thrown) {
    if (isErrno(thrown)) return undefined; // not there, a link, or not to be read: it is replaced
    throw thrown;
  }
}

function writeFully(fd: number, bytes: Bytes, offset: number): void {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at, bytes.length - at, offset + at);
}
