import type { CutterSpec } from "../chunk/cutter.ts";
import type { Chunk } from "../chunk/chunk.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import type { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";

/** What an entry is. Other kinds of files (devices, sockets, pipes) are reported and left out. */
export type EntryKind = "file" | "dir" | "symlink";

/**
 * One path of a tree.
 *
 * A tree travels as its entries in *canonical order*: a directory comes directly before what is in
 * it, and the names in one directory ascend by their bytes. So an entry needs only its depth and
 * its own name, and no entry can name a place outside the directories that came before it.
 */
export interface Entry {
  /**
   * Directories between the root and this entry: 0 at the top. At most one more than the entry
   * before.
   */
  readonly depth: number;
  /** One path component as the file system keeps it: 1 to 255 bytes, any but 0x00 and 0x2f. */
  readonly name: Bytes;
  readonly kind: EntryKind;
  /** Bytes of a file's content; 0 for other kinds. */
  readonly size: number;
  /** The permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Modification time: whole seconds since 1970, may be negative ... */
  readonly mtimeSec: number;
  /** ... and nanoseconds into that second, 0 to 999_999_999. */
  readonly mtimeNsec: number;
  /** What a symlink holds, 1 to 4095 bytes without 0x00; absent for other kinds. */
  readonly target?: Bytes;
}

/** What a session does to a path, or would do. */
export interface TreeChange {
  /**
   * `changed`: its content may differ, or it is of another kind; `touched`: its mode or time
   * differs.
   */
  readonly change: "new" | "changed" | "touched" | "deleted";
  /** Below the destination. */
  readonly path: string;
  readonly kind: EntryKind | "other";
  /** Bytes of a file's content that the sender has. */
  readonly size: number;
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
  readonly end?: "complete" | SyncError;
}

/** An entry and how the source finds it again. */
export interface SourceEntry<File> {
  readonly entry: Entry;
  readonly file: File;
}

/**
 * A tree that can be sent: listed once, and its files read. `File` is the source's own handle for a
 * file, kept small, for many are held.
 */
export interface TreeSource<File = unknown> {
  /** The digests by which it can name chunks; SHA-256 unless it says so. */
  readonly digests?: readonly ChunkDigest[];
  /** What its top entries are, where the source knows; the default of `sendTree`. */
  readonly layout?: Layout;
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
  /** Reads a part of a file again. Throws CHANGED when it is not there in full any more. */
  read(file: File, offset: number, size: number, options: AbortOptions): Promise<Bytes>;
  /** Frees what the source holds; nothing is listed or read afterwards. */
  close(): Promise<void>;
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

export interface SourceOptions extends AbortOptions {
  /**
   * Called for every path that had to be left out, with the reason and the path in `detail.path`.
   */
  readonly onTrouble?: (error: SyncError) => void;
}

/** What the receiver says about an entry. */
export type Need =
  /** Nothing to send: it is a directory or a link, or the content is here already. */
  | "nothing"
  /** Send the chunk list and wait for the answer: some of the content may be here. */
  | "ask"
  /** Send list and content at once: nothing that could be a part of it is here. */
  | "all";

/** A chunk and its place in a file of the target. */
export interface Placement {
  /** Number of the entry in the order in which entries arrived, from 0. */
  readonly entry: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly chunk: Chunk;
}

/**
 * A tree that is received into. The session calls it with what it has verified; it alone touches
 * the medium, and nothing outside its root. Methods reject only when the session cannot go on
 * (NO_SPACE, ABORTED); trouble with one entry is told to `onTrouble`, the entry is then left as it
 * was, and later calls about it do nothing.
 */
export interface TreeTarget {
  /** The digests by which it finds chunks that are here; SHA-256 unless it says so. */
  readonly digests?: readonly ChunkDigest[];
  /** True for one that calls `onChange`; false unless it says so. */
  readonly tellsChanges?: boolean;
  /** Called once, before anything else. */
  open(options: TargetOptions): Promise<void>;
  /**
   * Takes the next entries, already checked for order and form, the first being number `first`:
   * makes directories and links, and says for each what it needs.
   */
  plan(entries: readonly Entry[], first: number): Promise<readonly Need[]>;
  /**
   * The next chunks of a file's list. Puts those in place that are here already, verified.
   *
   * @param offset where the first of them starts in the file, in bytes
   * @param ids 32 bytes each, as many as there are sizes
   * @returns one number per chunk: 1 = it is in place, 0 = it has to come
   */
  place(entry: number, offset: number, ids: Bytes, sizes: readonly number[]): Promise<Uint8Array>;
  /**
   * Writes chunks that arrived. Their bytes are good until it resolves: what is kept has to be
   * copied. Chunks of an entry that was given up may come, too: later calls of `place` may ask for
   * them.
   */
  write(placements: readonly Placement[]): Promise<void>;
  /**
   * These files are complete, with the sizes given: give them their metadata and their final names.
   */
  finish(files: readonly { readonly entry: number; readonly size: number }[]): Promise<void>;
  /** Gives up on a file; the old one stays. Passes the reason on to `onTrouble`. */
  abandon(entry: number, reason: SyncError): Promise<void>;
  /**
   * All entries are settled: set what waits for the end (times and modes of directories), clean up.
   *
   * @param whole false when the sender could not list or read all it has, so that what it did not
   *   name may be there
   */
  commit(whole: boolean): Promise<void>;
  /**
   * Removes what was received and is in no file yet: the session was refused, and no further one is
   * to use it. Called before `close`.
   */
  discard?(): Promise<void>;
  /**
   * Frees everything; without `commit` what was received so far is kept for the next session to
   * use.
   */
  close(): Promise<void>;
}

export interface TargetOptions extends AbortOptions {
  /** How the sender cuts; the target cuts what it has in the same way. */
  readonly cutter: CutterSpec;
  /** How the sender names chunks, one of the target's `digests`; default SHA-256. */
  readonly digest?: ChunkDigest;
  /** What the entries at the top are. */
  readonly layout: Layout;
  /**
   * True when `place` will not be asked about all that is here, so it must look everywhere for a
   * chunk.
   */
  readonly search: boolean;
  /**
   * True when the sender counts on content that is here as the session begins: that of a file that
   * is replaced must be found until the commit.
   */
  readonly keepOld?: boolean;
  /**
   * Called when a file is planned that will take the place of another, with its number and the size
   * of the one there.
   */
  readonly onReplace?: (entry: number, bytes: number) => void;
  /** Called for each path that is not as it was any more. */
  readonly onChange?: (change: TreeChange) => void;
  /** Called for each file and directory that was deleted because the sender does not have it. */
  readonly onDelete?: () => void;
  /**
   * Called for each entry that could not be brought about, with its number. The session adds the
   * path unless `detail.path` has one.
   */
  readonly onTrouble: (entry: number, error: SyncError) => void;
}

/**
 * What the entries at the top are. `contents`: the names in the root directory itself
 * (`send dir/`). `named`: one entry that has a name of its own (`send dir`, `send file`).
 */
export type Layout = "contents" | "named";
