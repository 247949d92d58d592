import { sha256Key } from "../../chunk/digest.ts";
import type { EntryKind } from "./entry.ts";

/** A directory and all that lies below it. */
export interface Subtree {
  /** Its path below the top directory, one character per byte; empty for that directory itself. */
  readonly path: string;
  /** SHA-256 of what lies in it, as a key (see `keyOf`). */
  readonly digest: string;
  /** Entries below it, at any depth. */
  readonly entryCount: number;
}

/** What a digest says of an entry beside its name. */
interface EntryFacts {
  readonly kind: EntryKind | "other";
  readonly size: number;
  readonly mode: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
}

/** A directory that entries are being added to. */
interface Level {
  readonly path: string;
  /** Where its records start. */
  readonly start: number;
  entryCount: number;
  /** False once something in it was found that cannot be told. */
  isWhole: boolean;
}

const kindCodes = { file: 0, dir: 1, symlink: 2 } as const;
/** Set in the kind of an entry of which more is told. */
const moreFlag = 0x80;
/** Bytes of a record beside name, link text, what else is told, and digest. */
const recordBytes = 36;
const wordValues = 2 ** 32;

/**
 * Computes the digests of directories from what lies in them (docs/protocol.md §6.15). The entries
 * of a directory are added in canonical order, and what lies in one of them right behind it:
 *
 *     digests.add("dir", facts);
 *     digests.open("dir");
 *     digests.add("file", facts);
 *     digests.close();
 *
 * One directory per depth is kept in memory, and a path and a digest of each that is complete.
 */
export class SubtreeDigests {
  readonly #levels: Level[] = [{ path: "", start: 0, entryCount: 0, isWhole: true }];
  readonly #found: Subtree[] = [];
  /** The records of the directories at hand, each behind those of the directory it lies in. */
  #bytes = new Uint8Array(65_536);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /**
   * Adds an entry.
   *
   * @param name one character per byte
   * @param target what a link holds, likewise
   * @param more what else is told of the entry, likewise
   */
  add(name: string, told: EntryFacts, target = "", more = ""): void {
    const { kind, mtimeSec, mtimeNsec } = told;
    if (kind !== "file" && kind !== "dir" && kind !== "symlink") return this.addUntold();
    this.#level.entryCount += 1;
    this.#makeRoom(recordBytes + name.length + target.length + more.length);
    this.#writeByte(kindCodes[kind] | (more === "" ? 0 : moreFlag));
    this.#writeByte(name.length);
    this.#writeText(name);
    if (kind !== "symlink") this.#writeWord(told.mode);
    this.#writeLong(mtimeSec);
    this.#writeWord(mtimeNsec);
    if (kind === "file") this.#writeLong(told.size);
    if (kind === "symlink") this.#writeWord(target.length);
    if (kind === "symlink") this.#writeText(target);
    if (more !== "") this.#writeWord(more.length);
    this.#writeText(more);
  }

  /**
   * Adds an entry of which more is to be told than a record says: the directories that it lies in
   * have no digest.
   */
  addUntold(): void {
    this.spoil();
    this.#level.entryCount += 1;
  }

  /** Something here cannot be told: the directories that it lies in have no digest. */
  spoil(): void {
    this.#level.isWhole = false;
  }

  /** Goes into the directory that was added last. */
  open(name: string): void {
    const around = this.#level.path;
    const path = around === "" ? name : `${around}/${name}`;
    this.#levels.push({ path, start: this.#length, entryCount: 0, isWhole: true });
  }

  /** Leaves a directory of which all was added. */
  close(): void {
    const { digest, entryCount } = this.#finishLevel();
    this.#level.entryCount += entryCount;
    if (digest === undefined) return this.spoil();
    this.#makeRoom(digest.length);
    this.#writeText(digest);
  }

  /** Returns the directories that can be told, each behind those that lie in it. */
  finish(): readonly Subtree[] {
    this.#finishLevel();
    return this.#found;
  }

  get #level(): Level {
    return this.#levels.at(-1)!;
  }

  #finishLevel(): { readonly digest: string | undefined; readonly entryCount: number } {
    const { path, start, entryCount, isWhole } = this.#levels.pop()!;
    const digest = isWhole ? sha256Key(this.#bytes.subarray(start, this.#length)) : undefined;
    this.#length = start;
    if (digest !== undefined) this.#found.push({ path, digest, entryCount });
    return { digest, entryCount };
  }

  #makeRoom(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const wider = new Uint8Array(2 * (this.#length + count));
    wider.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = wider;
    this.#view = new DataView(wider.buffer);
  }

  #writeByte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  #writeWord(value: number): void {
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  /** A signed number of 64 bits, exact below 2^53. */
  #writeLong(value: number): void {
    this.#writeWord(Math.floor(value / wordValues));
    this.#writeWord(value);
  }

  #writeText(text: string): void {
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }
}
