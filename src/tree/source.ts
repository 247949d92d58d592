import type { ChunkDigest } from "../chunk/digest.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import type { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { Entry, Layout } from "./entry/entry.ts";
import type { Scan } from "./scan.ts";
import type { SourceSubtrees } from "./subtrees.ts";

/**
 * A tree that can be sent: listed once, and its files read. `File` is the source's own handle for a
 * file, kept small, for many are held.
 */
export interface TreeSource<File = unknown> {
  /** The digests by which it can name chunks; SHA-256 unless it says so. */
  readonly digests?: readonly ChunkDigest[];
  /** True for one that names chunks by any other, too; false unless it says so. */
  readonly takesAnyDigest?: boolean;
  /** What its top entries are, where the source knows; the default of `sendTree`. */
  readonly layout?: Layout;
  /**
   * Its directories by their digests; absent where that takes long, and where there is none at the
   * top.
   */
  readonly subtrees?: SourceSubtrees | undefined;
  /**
   * All entries in canonical order, a batch at a time. What cannot be listed is reported, not
   * thrown.
   */
  entries(options: SourceOptions): AsyncIterable<readonly SourceEntry<File>[]>;
  /**
   * Reads, cuts and hashes files, in any order; the runs of one file follow each other, those of
   * others may be in between. Each yield carries runs of about 1 MiB of content in all, of one file
   * or of many small ones. A file that changed since it was listed ends with CHANGED, one that is
   * gone with VANISHED, one that cannot be read with IO; the others are not touched by that.
   */
  cut(
    files: readonly File[],
    cutter: CutterSpec,
    options: CutOptions,
  ): AsyncIterable<readonly CutRun<File>[]>;
  /** Reads files whole; absent where their content may not be there in full yet. */
  scan?(...given: Parameters<Scan<File>>): ReturnType<Scan<File>>;
  /** Reads a part of a file again. Throws CHANGED when it is not there in full any more. */
  read(file: File, offset: number, size: number, options: AbortOptions): Promise<Bytes>;
  /**
   * All that was listed is at a receiver, as it was listed. Called at most once, before `close`.
   *
   * @param onTrouble takes what could not be done about that
   */
  arrived?(onTrouble: (error: SyncError) => void): Promise<void>;
  /** Where `arrived` removes what was sent: what tells the source apart from other places. */
  readonly removes?: string;
  /** Frees what the source holds; nothing is listed or read afterwards. */
  close(): Promise<void>;
}

/** An entry and how the source finds it again. */
export interface SourceEntry<File> {
  readonly entry: Entry;
  readonly file: File;
}

export interface SourceOptions extends AbortOptions {
  /**
   * Called for every path that had to be left out, with the reason and the path in `detail.path`.
   */
  readonly onTrouble?: (error: SyncError) => void;
  /**
   * True for a directory that is listed as complete, and nothing that lies in it. Called once for
   * each directory, with its path below the top one, one character per byte.
   */
  readonly isComplete?: (path: string) => boolean;
}

/** Chunks of one file that follow each other, read, cut and hashed. */
export interface CutRun<File> {
  readonly file: File;
  /** Bytes of each chunk. */
  readonly sizes: readonly number[];
  /** The ids, 32 bytes each, one after another. */
  readonly ids: Bytes;
  /** The chunks' bytes, one after another. They belong to whoever received the run. */
  readonly bytes: Bytes;
  /** Set on the last run of a file: it was read to its end, or why it could not be. */
  readonly end?: "complete" | SyncError | undefined;
}

export interface CutOptions extends AbortOptions {
  /**
   * Where the content of runs is put, so that its memory can be used again; by default each has its
   * own.
   */
  readonly room?: (count: number) => Bytes;
  /** How chunks are named, one of the source's `digests`; default SHA-256. */
  readonly digest?: ChunkDigest;
}
