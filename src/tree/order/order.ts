import type { CompressionLevel } from "../../bytes/deflate.ts";
import type { Keep } from "../plan/keep.ts";
import type { PlanRule } from "../plan/plan-rule.ts";
import type { FileRange } from "./file-range.ts";

/**
 * What is to be done with a tree, beside where it comes from and goes to. It means the same at both
 * ends, and over every transport.
 */
export interface Order {
  /** True to change nothing, and to tell what would change. */
  readonly dryRun?: boolean | undefined;
  /**
   * Deletes what the directories of the destination hold and those of the source do not, when all
   * else is done and the sender could list and read all of its tree. At most so many files and
   * directories: with more nothing is deleted, and the session fails with LIMIT. Nothing is deleted
   * unless given.
   */
  readonly maxDeletedCount?: number | undefined;
  /** True to delete also when the sender could not list or read all it has. */
  readonly deletesAfterErrors?: boolean | undefined;
  /** True to delete what is in a directory when a file or link takes its place. */
  readonly forcesDirs?: boolean | undefined;
  /**
   * True to fail with LIMIT in place of deleting anything when the source is an empty directory.
   */
  readonly refusesEmpty?: boolean | undefined;
  /** True to leave out directories in which nothing is but such directories. */
  readonly prunesEmptyDirs?: boolean | undefined;
  /** True to receive into the directory that a link at the destination leads to, in place of it. */
  readonly keepsDirLinks?: boolean | undefined;
  /**
   * True to remove files and links of the source when all of it is at the destination, and nothing
   * failed. Directories stay.
   */
  readonly removesSourceFiles?: boolean | undefined;
  /** True to make the directories around the destination that are not there. */
  readonly makesPath?: boolean | undefined;
  /** True to send what links lead to in their place. */
  readonly copyLinks?: boolean | undefined;
  /** The same of links that lead to directories. */
  readonly copyDirLinks?: boolean | undefined;
  /** The same of links that lead out of the tree. */
  readonly copyUnsafeLinks?: boolean | undefined;
  /** True to send directories that other file systems are mounted at as empty ones. */
  readonly oneFileSystem?: boolean | undefined;
  /** True to leave out directories that other file systems are mounted at. */
  readonly omitsMountPoints?: boolean | undefined;
  /** True to send directories without what is in them, but for the one whose content is sent. */
  readonly flatDirs?: boolean | undefined;
  /** Sends nothing but these paths, which begin in the source, and the directories around them. */
  readonly paths?: readonly string[] | undefined;
  /** Rules for what is left out and what is spared from deletion, as texts of `--filter`. */
  readonly filter?: readonly string[] | undefined;
  /** True to delete what is left out, too, but for what a rule spares by itself. */
  readonly deletesExcluded?: boolean | undefined;
  /** Which entries are brought about, and when files are equal. */
  readonly rule?: PlanRule | undefined;
  /**
   * The directory that files go into that are replaced or deleted, under the paths that they had;
   * relative to the destination.
   */
  readonly backupDir?: string | undefined;
  /**
   * The directory that the content of new files is written in until it is complete, relative to the
   * destination; one in the destination unless given.
   */
  readonly tempDir?: string | undefined;
  /** What is added to the names of such files; without a directory they lie beside the others. */
  readonly backupSuffix?: string | undefined;
  /** Makes nothing that is not at the destination and equal in one of these directories. */
  readonly compareDest?: readonly string[] | undefined;
  /** Copies what is equal in one of these directories. */
  readonly copyDest?: readonly string[] | undefined;
  /** Gives what is equal in one of these directories one more name. */
  readonly linkDest?: readonly string[] | undefined;
  /** Which facts of entries are kept. */
  readonly keep?: Keep | undefined;
  /**
   * Makes a snapshot: a new directory in the destination named by the time, in which all that is
   * the same as in the last one is a further name for it.
   */
  readonly snapshot?: boolean | undefined;
  /** Which snapshots stay then, such as `10` or `daily:7,weekly:4`; all unless given. */
  readonly retention?: string | undefined;
  /** True to write into files that are there, where they differ, in place of replacing them. */
  readonly inPlace?: boolean | undefined;
  /** A store of casync in which chunks are looked for, and left: a path or a URL. */
  readonly store?: string | undefined;
  /** How chunks are cut and named; as the sender likes unless given. */
  readonly chunking?: Chunking | undefined;
  /** True to take the room of a file before its content comes. */
  readonly preallocates?: boolean | undefined;
  /** True to use nothing that unfinished transfers left there, and to remove it first. */
  readonly restarts?: boolean | undefined;
  /**
   * Receives one of several parts of a tree, such as `2/5`, beside others that receive the others:
   * each locks its own part of the destination. Not with anything that deletes.
   */
  readonly part?: string | undefined;
  /** Receives a range of the one file that comes with such a part. */
  readonly fileRange?: FileRange | undefined;
  /** When what is written is on the medium; whenever the system likes, unless given. */
  readonly durability?: Durability | undefined;
  /**
   * True to have the receiver tell the sender what becomes of each path, for who is in between and
   * listens.
   */
  readonly tellsChanges?: boolean | undefined;
  /** Bytes that the sender lets go out in a second at most. */
  readonly bytesPerSecond?: number | undefined;
  /** How much effort the sender puts into compressing content; whatever suits unless given. */
  readonly compressionLevel?: CompressionLevel | undefined;
}

/**
 * When what is written has to be on the medium: `files`, the content of a file before it gets its
 * name; `once`, all of it when the transfer is done, and before anything is deleted; `all`, both.
 */
export type Durability = "files" | "once" | "all";

/** The ways to make chunks that a sender can be asked for: as casync does, or named by a digest. */
export type Chunking = "casync" | "sha-256" | "blake3";

/** The end of a transfer that carries out a part of an order. */
export type OrderEnd = "sender" | "receiver";
