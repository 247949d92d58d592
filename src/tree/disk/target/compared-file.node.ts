import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import type { Bytes } from "../../../types.ts";
import { readFully } from "../calls/file-cut.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import type { OldFile } from "./old-versions.node.ts";

const readFlags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** A file whose content is compared with that of the sender, and stays as it is. */
export class ComparedFile implements OldFile {
  readonly oldBytes: number;
  readonly #held: HeldDirs;
  readonly #planned: PlannedEntry;
  /** Called once it is known whether the content is the same. */
  readonly #onCompared: (isSame: boolean) => void;

  constructor(held: HeldDirs, planned: PlannedEntry, onCompared: (isSame: boolean) => void) {
    this.oldBytes = planned.there!.size;
    this.#held = held;
    this.#planned = planned;
    this.#onCompared = onCompared;
  }

  openOld(): number {
    const { dir, name } = this.#planned;
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
    this.#onCompared(true);
  }

  differs(): boolean {
    this.#onCompared(false);
    return true;
  }

  put(): void {}

  restart(): void {}
}
