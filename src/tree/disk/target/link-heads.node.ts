import { NumberColumn } from "../../../bytes/number-column.ts";
import { entryKinds, type EntryKind } from "../../entry/entry.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import { PlaceNames } from "./place-names.node.ts";

/** The first name of a file; the others are linked to it. */
export interface LinkHead {
  readonly entry: number;
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly kind: EntryKind;
}

/** The first names of files, by the numbers of these. */
export class LinkHeads {
  /** Where each file is in the columns. */
  readonly #atOf: number[] = [];
  readonly #places = new PlaceNames();
  readonly #entries = new NumberColumn(new Uint32Array(256));
  readonly #kinds = new NumberColumn(new Uint8Array(256));
  /** What stands there and stays; an inode of 0 for what is to come. */
  readonly #devices = new NumberColumn(new Float64Array(256));
  readonly #inodes = new NumberColumn(new Float64Array(256));

  /** Takes the first name of a file. Returns false, and nothing is done, where there is one. */
  add(file: number, { dir, name, number, entry, there, outcome }: PlannedEntry): boolean {
    if (this.#atOf[file] !== undefined) return false;
    const stays = there !== undefined && (outcome === "same" || outcome === "touched");
    this.#atOf[file] = this.#places.add(dir, name);
    this.#entries.push(number);
    this.#kinds.push(entryKinds.indexOf(entry.kind));
    this.#devices.push(stays ? there.device : 0);
    this.#inodes.push(stays ? there.inode : 0);
    return true;
  }

  get(file: number): LinkHead {
    const at = this.#atOf[file]!;
    return {
      entry: this.#entries.get(at),
      dir: this.#places.dirOf(at),
      name: this.#places.nameOf(at),
      kind: this.kindOf(file),
    };
  }

  kindOf(file: number): EntryKind {
    return entryKinds[this.#kinds.get(this.#atOf[file]!)]!;
  }

  /** True for what stands at the first name, and stays. */
  isSame(file: number, { device, inode }: Pick<FileStats, "device" | "inode">): boolean {
    const at = this.#atOf[file]!;
    return inode !== 0 && inode === this.#inodes.get(at) && device === this.#devices.get(at);
  }
}
