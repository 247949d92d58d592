import fs from "node:fs";
import { AddressLine } from "../bytes/address-line.ts";
import type { Bytes } from "../types.ts";
import type { ByteString } from "./byte-string.node.ts";
import { readFully } from "./file-cut.node.ts";
import { HandleCache } from "./handle-cache.node.ts";
import type { DirNode, NameIn } from "./dir-node.node.ts";
import type { HeldDirs } from "./held-dirs.node.ts";
import { PlaceNames } from "./place-names.node.ts";

/** Files open for reading at once. */
const maxOpenCount = 16;

const readFlags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

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
    const moved = this.#moved.get(place);
    if (moved) return this.#held.open(moved.dir, moved.name, readFlags);
    return this.#held.open(this.#names.dirOf(place), this.#names.nameOf(place), readFlags);
  }
}
