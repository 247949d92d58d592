import type { Bytes } from "../../types.ts";
import type { Facts } from "./facts.ts";

/** All kinds of entries, by the numbers that stand for them in ENTRIES (docs/protocol.md §6.2). */
export const entryKinds = ["file", "dir", "symlink", "fifo", "socket", "charDevice", "blockDevice"] as const;

/** What an entry is. Special ones travel only where they are asked for. */
export type EntryKind = (typeof entryKinds)[number];

/** What is neither file nor directory nor link: a name, a mode, and of devices a number. */
export type SpecialKind = Exclude<EntryKind, "file" | "dir" | "symlink">;

/** True for what has the number of a device. */
export function isDevice(kind: EntryKind | "other"): kind is "charDevice" | "blockDevice" {
  return kind === "charDevice" || kind === "blockDevice";
}

/** The number of a device: which driver, and which of its devices. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

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
  /**
   * True for a directory below which the receiver has all as the sender has it: nothing that lies
   * in it is listed.
   */
  readonly isComplete?: boolean;
  /**
   * True for a directory of which nothing is listed though something may be in it: what a receiver
   * has there is left alone.
   */
  readonly isUnlisted?: boolean;
  /** True for the root when only some of what is below it is sent: it stays as it is. */
  readonly isImplied?: boolean;
  /** What a symlink holds, 1 to 4095 bytes without 0x00; absent for other kinds. */
  readonly target?: Bytes;
  /** Which device it is; absent for other kinds. */
  readonly rdev?: DeviceNumber;
  /** Of what is no directory: those with the same number are names of one file. */
  readonly link?: number;
  /** What else was asked for. */
  readonly facts?: Facts;
}

/** An entry that is being put together. */
export type EntryDraft = { -readonly [Fact in keyof Entry]: Entry[Fact] };

/**
 * What the entries at the top are. `contents`: the names in the root directory itself
 * (`send dir/`). `named`: one entry that has a name of its own (`send dir`, `send file`).
 */
export type Layout = "contents" | "named";

/**
 * What of a path may differ: its kind, the content of a file or what a link holds, its size, time
 * of modification, permission bits, and what is kept of it beside that.
 */
export const changedFacts = [
  "kind",
  "content",
  "size",
  "time",
  "mode",
  "owner",
  "group",
  "otherTime",
  "acl",
  "xattr",
] as const;

/** One of them. */
export type ChangedFact = (typeof changedFacts)[number];

/** Such facts as bits, in the order in which they are named. */
export function bitsOfFacts(facts: readonly ChangedFact[]): number {
  return facts.reduce((bits, fact) => bits | (1 << changedFacts.indexOf(fact)), 0);
}

/** The facts of such bits. */
export function factsOfBits(bits: number): readonly ChangedFact[] {
  return changedFacts.filter((_, at) => ((bits >> at) & 1) === 1);
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
  /** How it differs from what was there; nothing where nothing was, and where it is deleted. */
  readonly differs: readonly ChangedFact[];
  /** What a link holds. */
  readonly holds?: string;
  /** Of a further name of a file, the one that it is linked to. */
  readonly linkedTo?: string;
  /** Where its content differs from that of the sender, of a file that was compared in full. */
  readonly ranges?: readonly ByteRange[];
}

/** A stretch of a file's content, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly size: number;
}
