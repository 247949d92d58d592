import { createHash } from "node:crypto";
import { byteStringOf } from "../bytes/byte-string.ts";
import { encodeByteText, printByteString } from "../bytes/byte-text.ts";
import { SyncError } from "../errors.ts";
import type { EntryKind } from "../tree/entry/entry.ts";
import type { AbortOptions } from "../types.ts";

/** One path of a tree, as an index of it has it. What is undefined the index does not know. */
export interface IndexedEntry {
  /** Below the root, names with `/` between them; bytes that are no UTF-8 as lone surrogates. */
  readonly path: string;
  readonly kind: EntryKind;
  /** Bytes of a file's content; 0 for other kinds. */
  readonly size: number;
  readonly mode: number | undefined;
  readonly mtimeSec: number | undefined;
  readonly mtimeNsec: number | undefined;
  /** What a symlink holds. */
  readonly target: string | undefined;
  /** Of a file's content, in lowercase hex. */
  readonly digest: string | undefined;
  /**
   * True where a file was modified so shortly before it was read that a further change may not show
   * in its time: its digest is not taken over into a later index.
   */
  readonly isUnsettled: boolean;
}

/** What an index says of itself. */
export interface IndexFacts {
  /** By what digest its files are named, one of `digestNames`; undefined for none. */
  readonly digest: string | undefined;
  /** True for an index that knows of files alone: of directories and links it says nothing. */
  readonly isOfFiles: boolean;
}

/** All that an index counts. */
export interface IndexTotals {
  readonly entries: number;
  readonly files: number;
  /** Bytes of the virtual archive: of all files, one behind the other. */
  readonly bytes: number;
  /** SHA-256 over the lines of all entries, in hex: equal for equal trees. */
  readonly sha256: string;
}

/**
 * The index of a tree that was opened. Its entries come in canonical order: a directory before what
 * is in it, names by their bytes.
 */
export interface TreeIndex {
  readonly facts: IndexFacts;
  /**
   * All entries, a batch at a time. Each call goes through all of them.
   *
   * @throws CORRUPT for what is damaged
   */
  entries(options?: AbortOptions): AsyncIterable<readonly IndexedEntry[]>;
  /** What it says that it holds; `entries` compares it with what comes. */
  readonly totals: IndexTotals;
  close(): void;
}

/** Writes an index beside its place, which takes it when all is there. */
export interface IndexWriter {
  /** Takes entries in canonical order. @throws NO_SPACE, IO */
  add(entries: readonly IndexedEntry[]): void;
  /** Puts the index into its place. @throws NO_SPACE, IO */
  finish(): IndexTotals;
  /** Removes what was written, unless it was finished. */
  close(): void;
}

/** Digests by which an index names content, with their names in node:crypto. */
export const digestNames = Object.freeze(["sha256", "sha512", "sha1", "md5", "blake2b512"] as const);

/** @throws USAGE */
export function checkDigestName(name: string): string {
  if ((digestNames as readonly string[]).includes(name)) return name;
  throw new SyncError("USAGE", `a digest is one of ${digestNames.join(", ")}, not "${name}"`);
}

/** A text whose characters are its bytes, whatever writes them. */
export const isAscii = /^[\0-\x7f]*$/;

/**
 * A text by which paths are in canonical order when it is compared with `<`: their bytes, a slash
 * before everything else.
 */
export function orderKeyOf(path: string): string {
  const bytes = isAscii.test(path) ? path : byteStringOf(encodeByteText(path));
  return bytes.includes("/") ? bytes.replaceAll("/", "\0") : bytes;
}

/** The path of such a key. */
export function pathOfKey(key: string): string {
  return printByteString(key.replaceAll("\0", "/"));
}

/** The line of an entry in an index of JSON lines, which is also what its digest is over. */
export function lineOf(entry: IndexedEntry): string {
  const { path, kind, size, mode, mtimeSec, mtimeNsec, target, digest, isUnsettled } = entry;
  return JSON.stringify({
    path,
    kind,
    size,
    mode,
    mtime: mtimeSec,
    nsec: mtimeNsec,
    target,
    digest,
    ...(isUnsettled && { unsettled: true }),
  });
}

/** Counts entries on their way into an index or out of it. */
export class EntryCounter {
  readonly #hash = createHash("sha256");
  #entries = 0;
  #files = 0;
  #bytes = 0;

  /** Counts entries; returns their lines. */
  count(entries: readonly IndexedEntry[]): string {
    let lines = "";
    for (const entry of entries) {
      lines += `${lineOf(entry)}\n`;
      this.#entries += 1;
      if (entry.kind !== "file") continue;
      this.#files += 1;
      this.#bytes += entry.size;
    }
    this.#hash.update(lines);
    return lines;
  }

  totals(): IndexTotals {
    const [entries, files, bytes] = [this.#entries, this.#files, this.#bytes];
    return { entries, files, bytes, sha256: this.#hash.copy().digest("hex") };
  }
}
