import fs from "node:fs";
import { concatBytes, equalBytes } from "../../../bytes/compare.ts";
import { idBytes } from "../../../chunk/chunk.ts";
import type { Cutter } from "../../../chunk/cutter.ts";
import { type ChunkDigest, sha256 } from "../../../chunk/digest.ts";
import { writeKey } from "../../../chunk/id-key.ts";
import type { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import { blockBytes, chunkNamer, cutBlock } from "../calls/file-cut.node.ts";
import { fileTrouble } from "../calls/file-trouble.node.ts";
import { printPlace } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { changed, compareWithListed, openSourceFile, type SourceFile } from "./source-file.node.ts";
import type { CutRun } from "../../source.ts";

/** Content in one batch of runs, about. */
const batchBytes = 1024 * 1024;
/** Files in one batch: what many tiny ones cost is time, not bytes. */
const batchCount = 128;

/** A file that is being cut. */
interface Open {
  readonly file: SourceFile;
  readonly fd: number;
  position: number;
  /** Stands for the ids of the runs so far. */
  digest: Bytes;
  /**
   * Of one that has grown: its last run, and what `digest` was behind that, while all is read
   * again.
   */
  proof?: { readonly last: CutRun<SourceFile>; readonly digest: Bytes };
}

/** A run of which it is not clear yet whether it is the last of its file. */
interface NamedRun extends CutRun<SourceFile> {
  end: "complete" | undefined;
}

/** How a `SourceCut` makes chunks. */
interface SourceCutTools {
  readonly cutter: Cutter;
  readonly digest: ChunkDigest;
  /** Where the content of runs is put. */
  readonly room: (count: number) => Bytes;
}

/**
 * Reads, cuts and hashes files one after another, about 1 MiB per step. Keeps one file open.
 *
 * Of a file that got longer after it was listed, such as a log, the part that was listed is read
 * once more at the end: when that is the same, it was so at the moment in between.
 */
export class SourceCut {
  readonly #held: HeldDirs;
  readonly #files: readonly SourceFile[];
  readonly #cutter: Cutter;
  readonly #keyOf: (bytes: Bytes) => string;
  readonly #room: (count: number) => Bytes;
  #next = 0;
  #open: Open | undefined;

  constructor(held: HeldDirs, files: readonly SourceFile[], { cutter, digest, room }: SourceCutTools) {
    this.#held = held;
    this.#files = files;
    this.#cutter = cutter;
    this.#keyOf = chunkNamer(digest, cutter.spec.maxBytes);
    this.#room = room;
  }

  /** True when there is nothing left to read. */
  get isDone(): boolean {
    return this.#open === undefined && this.#next >= this.#files.length;
  }

  /** The next runs; none while something is read again. */
  next(): CutRun<SourceFile>[] {
    const runs: CutRun<SourceFile>[] = [];
    let totalBytes = 0;
    while (totalBytes < batchBytes && runs.length < batchCount) {
      const run = this.#nextRun();
      if (!run) break;
      runs.push(run);
      totalBytes += run.bytes.length;
    }
    return runs;
  }

  close(): void {
    const open = this.#open;
    this.#open = undefined; // it is gone, whatever the system says to closing it
    if (open) fs.closeSync(open.fd);
  }

  #nextRun(): CutRun<SourceFile> | undefined {
    const file = this.#open?.file ?? this.#files[this.#next++];
    if (!file) return undefined;
    try {
      return this.#cutRun(this.#open ?? this.#begin(file));
    } catch (thrown) {
      const reason = this.#reasonOf(thrown, file);
      this.close();
      return emptyRun(file, reason);
    }
  }

  /**
   * What cannot be read, as a directory or a pipe cannot, may have taken the file's place: then
   * that is the reason.
   */
  #reasonOf(thrown: unknown, file: SourceFile): SyncError {
    let reason = thrown;
    try {
      if (this.#open) compareWithListed(this.#open.fd, file);
    } catch (changed) {
      reason = changed;
    }
    return fileTrouble(reason, printPlace(file.dir, file.name));
  }

  /**
   * A file of one block is checked when that was read, and only then: of small files each call
   * counts.
   */
  #begin(file: SourceFile): Open {
    const position = file.range?.offset ?? 0;
    const open = { file, fd: openSourceFile(this.#held, file), position, digest: nothing };
    this.#open = open;
    if (file.size > blockBytes) compareWithListed(open.fd, file);
    return open;
  }

  #cutRun(open: Open): CutRun<SourceFile> | undefined {
    const { file, fd, proof } = open;
    const end = endOf(file);
    const ends = cutBlock(fd, open.position, end, this.#cutter);
    const length = ends.at(-1) ?? 0;
    // The next block overwrites the cutter's buffer, so what goes out is copied.
    const bytes = proof ? this.#cutter.buffer.subarray(0, length) : this.#copy(length);
    const run = this.#name(file, bytes, ends);
    open.position += length;
    const isLast = ends.length === 0 || open.position >= end;
    if (!isLast || proof) open.digest = extend(open.digest, run.ids);
    if (!isLast) return proof ? undefined : run;
    const isGrown = compareWithListed(fd, file) === "grown";
    if (isGrown && !proof) return this.#readAgain(open, run);
    if (proof && !equalBytes(proof.digest, open.digest)) throw changed(file);
    this.close();
    if (proof) return { ...proof.last, end: "complete" };
    run.end = "complete";
    return run;
  }

  #readAgain(open: Open, last: CutRun<SourceFile>): undefined {
    open.proof = { last, digest: extend(open.digest, last.ids) };
    open.digest = nothing;
    open.position = open.file.range?.offset ?? 0;
  }

  #copy(length: number): Bytes {
    const bytes = this.#room(length);
    bytes.set(this.#cutter.buffer.subarray(0, length));
    return bytes;
  }

  #name(file: SourceFile, bytes: Bytes, ends: Uint32Array): NamedRun {
    const ids = new Uint8Array(ends.length * idBytes);
    const sizes = new Array<number>(ends.length);
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i]!;
      const chunk = ends.length === 1 ? bytes : bytes.subarray(start, end);
      writeKey(this.#keyOf(chunk), ids, i * idBytes);
      sizes[i] = end - start;
      start = end;
    }
    return { file, sizes, ids, bytes, end: undefined };
  }
}

const nothing = new Uint8Array();

/** Where what is sent of a file ends. */
function endOf({ range, size }: SourceFile): number {
  return range ? range.offset + range.size : size;
}

/** What stands for the ids of some runs and of one more. */
function extend(digest: Bytes, ids: Bytes): Bytes {
  return sha256(concatBytes([digest, ids]));
}

function emptyRun(file: SourceFile, end: SyncError): CutRun<SourceFile> {
  return { file, sizes: [], ids: new Uint8Array(), bytes: new Uint8Array(), end };
}
