import { AddressLine } from "../../../bytes/address-line.ts";
import type { Bytes } from "../../../types.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import { readFully } from "../calls/file-cut.node.ts";
import { HandleCache } from "../calls/handle-cache.node.ts";
import { pathBelow, type DirNode, type NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { PlaceNames } from "./place-names.node.ts";
import { readFlags } from "../../../bytes/open-flags.node.ts";

/** Files open for reading at once. */
const maxOpenCount = 16;

/** Where content lies in a file. */
export interface ContentAt {
  /** The number of the file. */
  readonly place: number;
  readonly offset: number;
}

/** Where a file is that another one replaced. */
interface Replaced {
  readonly at: NameIn;
  /** The places noted before that: those with its name are the old file's. */
  readonly placeCount: number;
  /** The one of these that is the new file's. */
  readonly heir: number | undefined;
}

/**
 * The files of a destination that content may be taken from, by number.
 *
 * Each has a range of its own on one line of addresses, so a single number says which file and
 * where in it. Memory: 20 bytes a file, and its name.
 */
export class Places {
  readonly #held: HeldDirs;
  readonly #names = new PlaceNames();
  /** Where files are for the time being that are not at their names. */
  readonly #moved = new Map<number, NameIn>();
  /** Files that were replaced and are readable all the same, by path. */
  readonly #replaced = new Map<ByteString, Replaced>();
  readonly #line = new AddressLine();
  /** Content that is not on disk yet. */
  readonly #kept = new Map<number, Bytes>();
  readonly #handles = new HandleCache<number>(maxOpenCount, (place) => this.#open(place));

  constructor(held: HeldDirs) {
    this.#held = held;
  }

  /** Takes a file in, of at most this many bytes, and gives it a number. */
  add(dir: DirNode, name: ByteString, size: number): number {
    this.#line.add(size);
    return this.#names.add(dir, name);
  }

  /** Takes in content that stays in memory, and gives it a number. */
  addKept(bytes: Bytes): number {
    const place = this.add(this.#held.root, "", bytes.length);
    this.keep(place, bytes);
    return place;
  }

  /** Says that a file is elsewhere for the time being. */
  move(place: number, now: NameIn): void {
    this.release(place);
    this.#moved.set(place, now);
  }

  /** Says that a file is at its own name again. */
  settle(place: number): void {
    this.#moved.delete(place);
  }

  /** Says where the file at a name is from now on, which another one is about to replace. */
  replace({ dir, name }: NameIn, at: NameIn, heir: number | undefined): void {
    this.#replaced.set(pathOf(dir, name), { at, placeCount: this.#names.count, heir });
  }

  /** Answers reads of a file from memory, or from disk again when no bytes are given. */
  keep(place: number, bytes: Bytes | undefined): void {
    if (bytes) this.#kept.set(place, bytes);
    else this.#kept.delete(place);
  }

  addressOf(place: number, offset: number): number {
    return this.#line.startOf(place) + offset;
  }

  /** The file that an address lies in. */
  placeAt(address: number): number {
    return this.#line.numberAt(address);
  }

  /** What an address stands for; undefined for content that is in memory alone. */
  contentAt(address: number): ContentAt | undefined {
    const place = this.placeAt(address);
    return this.#kept.has(place) ? undefined : { place, offset: address - this.#line.startOf(place) };
  }

  /** The file system that a file is on, unless another directory took the place of its own. */
  volumeOf(place: number): DirNode["volume"] {
    return (this.#moved.get(place)?.dir ?? this.#names.dirOf(place)).top.volume;
  }

  /** A file open for reading; good until the next call. */
  handleOf(place: number): number {
    return this.#handles.get(place);
  }

  /** Fills `into` from an address. Returns the bytes read. */
  read(address: number, into: Bytes): number {
    const place = this.placeAt(address);
    const offset = address - this.#line.startOf(place);
    const kept = this.#kept.get(place)?.subarray(offset, offset + into.length);
    if (!kept) return readFully(this.handleOf(place), into, offset);
    into.set(kept);
    return kept.length;
  }

  /** Closes a file that is about to change. */
  release(place: number): void {
    this.#handles.drop(place);
  }

  close(): void {
    this.#handles.close();
    this.#kept.clear();
  }

  #open(place: number): number {
    const { dir, name } = this.#moved.get(place) ?? this.#whereNow(place);
    return this.#held.open(dir, name, readFlags);
  }

  #whereNow(place: number): NameIn {
    const own = { dir: this.#names.dirOf(place), name: this.#names.nameOf(place) };
    const replaced = this.#replaced.size > 0 && this.#replaced.get(pathOf(own.dir, own.name));
    return replaced && place < replaced.placeCount && place !== replaced.heir ? replaced.at : own;
  }
}

/** Directories that are found twice are not the same objects. */
function pathOf(dir: DirNode, name: ByteString): ByteString {
  return `${pathBelow(dir)}/${name}`;
}
