import { createHash } from "node:crypto";
import fs from "node:fs";
import { closingAfter, doAll } from "../../../bytes/closing.ts";
import { isSyncError } from "../../../errors.ts";
import type { Entry } from "../../entry/entry.ts";
import { type FileRange, isAllOf } from "../../order/file-range.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { pathBelow, type DirNode, type NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { removeDir, removeFile } from "../calls/remove-file.node.ts";
import type { Alternative } from "./alternatives.node.ts";
import { type Lock, takeLock } from "./lock.node.ts";
import { standingAt } from "./standing.node.ts";

const contentName = "content";
const lockSuffix = ".lock";
/** The lock of who completes the file. */
const wholeLock = `whole${lockSuffix}`;
/** A range that is there, by its first byte and the one behind its last. */
const rangeNames = /^(\d{1,16})-(\d{1,16})$/;

/**
 * A file that comes in ranges, by sessions of several hosts: its content, in a directory of its own
 * beside the rooms of their parts, and an empty file for each range that is there.
 *
 * A range has a lock as long as a session writes it, and so has the whole while a session completes
 * it: that begins only when nobody writes any more.
 */
export class FileRanges {
  readonly range: FileRange;
  readonly #held: HeldDirs;
  readonly #dir: DirNode;
  readonly #locks: Lock[] = [];
  #isDone = false;

  /** @param dir a private directory that is held */
  constructor(held: HeldDirs, dir: DirNode, range: FileRange) {
    this.#held = held;
    this.#dir = dir;
    this.range = range;
  }

  /** True where one of several ranges comes. */
  get isPart(): boolean {
    return !isAllOf(this.range);
  }

  /** Where the content of all ranges is put together. */
  get content(): NameIn {
    return { dir: this.#dir, name: contentName };
  }

  /**
   * Makes this session the one that writes the range. False when that is there already.
   *
   * @throws LOCKED while another session writes it, or completes the file: that may yet fail
   */
  beginPart(): boolean {
    this.#locks.push(takeLock(this.#held, this.#dir, this.#rangeName + lockSuffix));
    const names = this.#names;
    if (names.has(this.#rangeName)) return false;
    // Looked for first: two that try it at once would each take the other for who completes.
    if (names.has(wholeLock)) takeLock(this.#held, this.#dir, wholeLock).release();
    return true;
  }

  /** Opens the content for writing; the caller closes it. @param mode of content that is new */
  openContent(mode: number): number {
    this.#leavePlaced();
    return this.#openContent(mode);
  }

  /** Says that the range is there. */
  settlePart(): void {
    fs.closeSync(this.#open(this.#rangeName, 0o600));
  }

  /** Bytes of the file that are in none of the ranges that are there. */
  get missingBytes(): number {
    const ranges = [...this.#names].flatMap((name) => {
      const [, from, to] = rangeNames.exec(name) ?? [];
      return from === undefined ? [] : [[Number(from), Number(to)] as const];
    });
    let [end, missing] = [0, 0];
    for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
      missing += Math.max(0, from - end);
      end = Math.max(end, to);
    }
    return missing + Math.max(0, this.range.fileBytes - end);
  }

  /**
   * Makes this session the one that completes the file.
   *
   * @throws LOCKED while others are at work on it
   */
  beginWhole(): void {
    this.#locks.push(takeLock(this.#held, this.#dir, wholeLock));
    for (const name of this.#names)
      if (name.endsWith(lockSuffix) && name !== wholeLock) takeLock(this.#held, this.#dir, name).release();
  }

  /**
   * What has come, as something that the file can be made from; undefined where nothing has.
   *
   * @param dress gives open content its metadata
   */
  asBasis(entry: Entry, dress: (fd: number, content: NameIn) => void): Alternative | undefined {
    this.#leavePlaced();
    if (!this.#names.has(contentName)) return undefined;
    const fd = this.#openContent();
    const set = (): void => {
      fs.ftruncateSync(fd, entry.size);
      dress(fd, this.content);
    };
    closingAfter(set, () => fs.closeSync(fd));
    const there = standingAt(this.#held, this.#dir, contentName, entry)!;
    return { held: this.#held, ...this.content, there, way: "link", outcome: "changed" };
  }

  /** The file is complete: nothing of this is needed any more. */
  settleWhole(): void {
    this.#isDone = true;
  }

  /** Lets others go on; removes what nobody needs. */
  close(): void {
    const held = this.#held;
    const { parent, name } = this.#dir;
    const clear = (): void => {
      if (this.#isDone) removeDir(held, { dir: parent!, name });
      else if (this.#names.size === 0) fs.rmdirSync(held.at(parent!, name));
    };
    doAll([
      // Under the lock: whoever has that next finds nothing to go on with.
      () => this.#isDone && removeFile(held, this.content),
      ...this.#locks.splice(0).map((lock) => () => lock.release()),
      () => doAll([clear, () => held.letGo(this.#dir)]),
    ]);
  }

  /** Forgets content that has got the file's name, by a session that was killed then. */
  #leavePlaced(): void {
    const there = this.#held.look(this.#dir, contentName);
    if (there !== undefined && there.linkCount > 1) removeFile(this.#held, this.content);
  }

  /** Opens it, also where a session that did not complete the file gave it the mode of that. */
  #openContent(newMode?: number): number {
    try {
      return this.#open(contentName, newMode);
    } catch (thrown) {
      if (!isErrno(thrown, "EACCES")) throw thrown;
      fs.chmodSync(this.#held.at(this.#dir, contentName), 0o600);
      return this.#open(contentName);
    }
  }

  #open(name: ByteString, newMode?: number): number {
    const { O_CREAT, O_NOFOLLOW, O_WRONLY } = fs.constants;
    const flags = O_NOFOLLOW | O_WRONLY | (newMode === undefined ? 0 : O_CREAT);
    return this.#held.open(this.#dir, name, flags, newMode);
  }

  get #rangeName(): ByteString {
    const { offset, size } = this.range;
    return `${offset}-${offset + size}`;
  }

  get #names(): Set<ByteString> {
    return new Set(this.#held.names(this.#dir));
  }
}

/** Removes a directory of ranges, unless somebody is at work in it. */
export function removeRanges(held: HeldDirs, { dir, name }: NameIn): void {
  const ranges = new FileRanges(held, held.hold(dir, name), { offset: 0, size: 0, fileBytes: 0 });
  closingAfter(
    () => {
      try {
        ranges.beginWhole();
        ranges.settleWhole();
      } catch (thrown) {
        if (!isSyncError(thrown, "LOCKED")) throw thrown;
      }
    },
    () => ranges.close(),
  );
}

/** What a directory of ranges is called: another version of a file has another one. */
export function rangesName(dir: DirNode, name: ByteString, { size, mtimeSec, mtimeNsec }: Entry): ByteString {
  const version = [pathBelow(dir), name, size, mtimeSec, mtimeNsec].join("\0");
  const hash = createHash("sha256").update(version, "latin1").digest("hex");
  return `ranges-${hash.slice(0, 32)}`;
}

/** Names of such directories. */
export const rangesNames = /^ranges-[0-9a-f]{32}$/;
