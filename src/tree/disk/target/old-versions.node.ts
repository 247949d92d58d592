import fs from "node:fs";
import { closingAfter, closingBehind } from "../../../bytes/closing.ts";
import type { Pause } from "../../../bytes/pause.node.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import { scanBatch, type ScanEnd, type ScanVisitor } from "../../scan.ts";
import type { OldVersions } from "../../target.ts";
import { readFully } from "../calls/file-cut.node.ts";
import { entryTrouble } from "../calls/file-trouble.node.ts";

/** A file that has an old version. What the methods do is said of those of `OldVersions`. */
export interface OldFile {
  readonly oldBytes: number;
  /** Opens the old version. Returns its descriptor, which the caller closes. */
  openOld(): number;
  readOld(offset: number, into: Bytes): number;
  keepOld(): void;
  differs?(): boolean;
  put(offset: number, bytes: Bytes): void;
  restart(): void;
}

/** What old versions share with the rest of their target. */
interface OldVersionsTools {
  /** The file of an entry; undefined for one that is not expected. */
  readonly file: (entry: number) => OldFile | undefined;
  /** Does something for an entry; trouble with it is told, and the entry given up. */
  readonly attempt: <Result>(entry: number, work: () => Result) => Result | undefined;
  readonly pause: () => Pause;
}

/** The old versions of files on disk, from which new ones are made. */
export class DiskOldVersions implements OldVersions {
  readonly #tools: OldVersionsTools;

  constructor(tools: OldVersionsTools) {
    this.#tools = tools;
  }

  async *scan(
    entries: readonly number[],
    room: Bytes,
    visitor: ScanVisitor<number>,
    { signal }: AbortOptions,
  ): AsyncGenerator<void> {
    const pause = this.#tools.pause();
    let count = 0;
    for (const entry of entries) {
      if (!this.#scanSmall(entry, room, visitor))
        for (const _ of this.#scanFile(entry, room, visitor)) if (pause.due()) await pause.take();
      if (pause.due()) await pause.take();
      count += 1;
      if (count % scanBatch.count === 0) yield;
      signal?.throwIfAborted();
    }
  }

  read(entry: number, offset: number, into: Bytes): number {
    const file = this.#tools.attempt(entry, () => this.#tools.file(entry));
    try {
      return file?.readOld(offset, into) ?? 0;
    } catch {
      return 0; // what is missing comes
    }
  }

  keep(entry: number): void {
    this.#tools.attempt(entry, () => this.#tools.file(entry)?.keepOld());
  }

  differs(entry: number): boolean {
    return this.#tools.attempt(entry, () => this.#tools.file(entry)?.differs?.()) ?? false;
  }

  put(entry: number, offset: number, bytes: Bytes): void {
    this.#tools.attempt(entry, () => this.#tools.file(entry)?.put(offset, bytes));
  }

  restart(entry: number): void {
    this.#tools.attempt(entry, () => this.#tools.file(entry)?.restart());
  }

  /** Reads a file of one block. Returns false for a longer one, which is not read. */
  #scanSmall(entry: number, room: Bytes, visitor: ScanVisitor<number>): boolean {
    let how: ScanEnd = "complete";
    try {
      const file = this.#tools.file(entry);
      const size = file?.oldBytes ?? 0;
      if (size > room.length) return false;
      visitor.block(entry, file ? readSmall(file.openOld(), room, size) : 0, true);
    } catch (thrown) {
      how = entryTrouble(thrown, "");
    }
    visitor.end(entry, how);
    return true;
  }

  /** Reads one file; yields between its blocks. */
  *#scanFile(entry: number, room: Bytes, visitor: ScanVisitor<number>): Generator<void> {
    let how: ScanEnd = "complete";
    try {
      const file = this.#tools.file(entry);
      const fd = file?.openOld();
      const read = (into: Bytes, at: number): number => (fd === undefined ? 0 : readFully(fd, into, at));
      const close = (): void => void (fd !== undefined && fs.closeSync(fd));
      const visit = (filled: number, isLast: boolean): number => visitor.block(entry, filled, isLast);
      yield* closingBehind(visitBlocks(file?.oldBytes ?? 0, room, read, visit), close);
    } catch (thrown) {
      how = entryTrouble(thrown, "");
    }
    visitor.end(entry, how);
  }
}

/** Reads what a file begins with, and closes it. Returns the bytes read. */
function readSmall(fd: number, room: Bytes, size: number): number {
  return closingAfter(
    () => readFully(fd, room.subarray(0, size), 0),
    () => fs.closeSync(fd),
  );
}

/** @param visit returns how many of the bytes read it took */
function* visitBlocks(
  size: number,
  room: Bytes,
  read: (into: Bytes, at: number) => number,
  visit: (filled: number, isLast: boolean) => number,
): Generator<void, void> {
  for (let at = 0, isLast = false; !isLast;) {
    const wanted = Math.min(room.length, size - at);
    const filled = read(room.subarray(0, wanted), at);
    isLast = at + filled >= size || filled < wanted;
    at += visit(filled, isLast);
    if (!isLast) yield;
  }
}
