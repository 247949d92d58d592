import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import type { Bytes } from "../../../types.ts";
import type { ByteRange } from "../../entry/entry.ts";
import { readFully } from "../calls/file-cut.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { DifferentRanges } from "./different-ranges.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import type { OldFile } from "./old-versions.node.ts";
import { readFlags } from "../../../bytes/open-flags.node.ts";

/** What came out of the comparison of a file. */
export interface Compared {
  readonly isSame: boolean;
  /** Where it differs, if that was asked for. */
  readonly ranges?: readonly ByteRange[];
}

/** A file whose content is compared with that of the sender, and stays as it is. */
export class ComparedFile implements OldFile {
  readonly oldBytes: number;
  readonly #held: HeldDirs;
  readonly planned: PlannedEntry;
  /** Where it differs; undefined where nobody asks. */
  readonly #ranges: DifferentRanges | undefined;
  readonly #onCompared: (compared: Compared) => void;

  /** @param onCompared called once */
  constructor(
    held: HeldDirs,
    planned: PlannedEntry,
    { tellsRanges, onCompared }: { tellsRanges: boolean; onCompared: (compared: Compared) => void },
  ) {
    this.oldBytes = planned.there!.size;
    this.#held = held;
    this.planned = planned;
    this.#ranges = tellsRanges ? new DifferentRanges() : undefined;
    this.#onCompared = onCompared;
  }

  openOld(): number {
    const { dir, name } = this.planned;
    return this.#held.open(dir, name, readFlags);
  }

  readOld(offset: number, into: Bytes): number {
    const fd = this.openOld();
    return closingAfter(
      () => readFully(fd, into, offset),
      () => fs.closeSync(fd),
    );
  }

  keepOld(): void {
    this.#onCompared({ isSame: true });
  }

  differs(): boolean {
    if (this.#ranges) return false; // its content tells where
    this.#onCompared({ isSame: false });
    return true;
  }

  put(offset: number, bytes: Bytes): void {
    const there = new Uint8Array(bytes.length);
    const count = this.readOld(offset, there);
    this.#ranges?.compare(offset, there.subarray(0, count), bytes);
  }

  restart(): void {
    this.#ranges?.clear();
  }

  /** All of the new version was put. */
  end(): void {
    const { size } = this.planned.entry;
    if (this.oldBytes > size) this.#ranges?.add(size, this.oldBytes - size);
    this.#onCompared({ isSame: false, ranges: this.#ranges?.list() ?? [] });
  }
}
