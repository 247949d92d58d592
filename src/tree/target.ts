import type { Chunk } from "../chunk/chunk.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import type { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { Entry, Layout, TreeChange } from "./entry/entry.ts";
import type { Scan } from "./scan.ts";
import type { ReadTargetSubtrees } from "./subtrees.ts";

/**
 * A tree that is received into. The session calls it with what it has verified; it alone touches
 * the medium, and nothing outside its root. Methods reject only when the session cannot go on
 * (NO_SPACE, ABORTED); trouble with one entry is told to `onTrouble`, the entry is then left as it
 * was, and later calls about it do nothing.
 */
export interface TreeTarget {
  /** The digests by which it finds chunks that are here; SHA-256 unless it says so. */
  readonly digests?: readonly ChunkDigest[];
  /**
   * True for one that finds chunks by whatever digest it is opened with, and keeps no ids beyond
   * the session; false unless it says so.
   */
  readonly takesAnyDigest?: boolean;
  /** True where nothing is yet that chunks could be found in; false unless it says so. */
  readonly isEmpty?: boolean;
  /** True for one that calls `onChange`; false unless it says so. */
  readonly tellsChanges?: boolean;
  /** Makes new versions of files from old ones; absent for one that cannot. */
  readonly old?: OldVersions | undefined;
  /** Tells what is here by digests of directories; absent where nothing is, or that takes long. */
  readonly subtrees?: ReadTargetSubtrees | undefined;
  /** Called once, before anything else. */
  open(options: TargetOptions): Promise<void>;
  /**
   * Takes the next entries, already checked for order and form, the first being number `first`:
   * makes directories and links, and says for each what it needs.
   */
  plan(entries: readonly Entry[], first: number): Promise<readonly Need[]>;
  /**
   * The next chunks of some files' lists. Puts those in place that are here already, verified. What
   * is about several files may be done at the same time, here and in `write` and `finish`; what is
   * about one file is done in its order.
   *
   * @returns for each list one number per chunk: 1 = it is in place, 0 = it has to come
   */
  place(lists: readonly ListedChunks[]): Promise<readonly Uint8Array[]>;
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

/**
 * The older versions of files that were planned as such (`OldVersion`). Methods are about entries
 * of that kind that are not finished; what was said of trouble with an entry holds for them, too.
 */
export interface OldVersions {
  /** Reads them whole. */
  readonly scan: Scan<number>;
  /**
   * Reads a part into the start of `into`.
   *
   * @returns how many bytes there were: fewer than fit when it is shorter, or given up
   */
  read(entry: number, offset: number, into: Bytes): Promise<number> | number;
  /** The new version has the same content: `finish` gives it only its metadata. */
  keep(entry: number): void;
  /**
   * The new version has other content. Returns true when that is not wanted, as by one that only
   * tells; absent where it always is.
   */
  differs?(entry: number): boolean;
  /**
   * Puts the next bytes of the new version, which are verified only when all have come. The bytes
   * are good until it resolves.
   */
  put(entry: number, offset: number, bytes: Bytes): Promise<void> | void;
  /** What was put is wrong: the file comes whole, as one that needs `all`. */
  restart(entry: number): void;
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
  /** True when the sender can send new versions by what they share with old ones. */
  readonly useOld?: boolean;
  /**
   * True when the sender counts on content that is here as the session begins: that of a file that
   * is replaced must be found until the commit.
   */
  readonly keepOld?: boolean;
  /**
   * What the source says of itself (`removes`) when its files are removed once they have arrived: a
   * target that lies in that very source refuses.
   */
  readonly removedSource?: string | undefined;
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
   * Called for each file that this session is to complete and cannot, with the bytes of it that
   * other sessions have yet to bring.
   */
  readonly onMissing?: (bytes: number) => void;
  /**
   * Called for each entry that could not be brought about, with its number. The session adds the
   * path unless `detail.path` has one.
   */
  readonly onTrouble: (entry: number, error: SyncError) => void;
}

/** What the receiver says about an entry. */
export type Need = SimpleNeed | OldVersion;

/** An older version of a file is here, from which the new one can be made. */
export interface OldVersion {
  /** Its length. */
  readonly oldBytes: number;
}

type SimpleNeed =
  /** Nothing to send: it is a directory or a link, or the content is here already. */
  | "nothing"
  /** Send the chunk list and wait for the answer: some of the content may be here. */
  | "ask"
  /** Send list and content at once: nothing that could be a part of it is here. */
  | "all";

/** Chunks of a file that lie one behind the other. */
export interface ListedChunks {
  /** Number of the entry in the order in which entries arrived, from 0. */
  readonly entry: number;
  /** Where the first of them starts in the file, in bytes. */
  readonly offset: number;
  /** 32 bytes each, as many as there are sizes. They are good until the call resolves. */
  readonly ids: Bytes;
  readonly sizes: readonly number[];
}

/** A chunk and its place in a file of the target. */
export interface Placement {
  /** Number of the entry in the order in which entries arrived, from 0. */
  readonly entry: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly chunk: Chunk;
}
