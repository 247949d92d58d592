import { type SyncError, toSyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { Entry } from "./entry/entry.ts";
import type { ListedChunks, Need, TargetOptions, TreeTarget } from "./target.ts";

/** An entry of a tree, and where in it it lies. */
export interface ListedEntry extends Entry {
  /** The names from the top down to it, each but the last that of a directory. */
  readonly path: readonly Bytes[];
}

/** A target that keeps nothing: it tells what the sender has, and asks for no content. */
export function openListing(onEntry: (listed: ListedEntry) => void): TreeTarget {
  return new ListingTarget(onEntry);
}

class ListingTarget implements TreeTarget {
  readonly #onEntry: (listed: ListedEntry) => void;
  /** The names on the way to the last entry, by depth. */
  readonly #path: Bytes[] = [];
  #given: TargetOptions | undefined;

  constructor(onEntry: (listed: ListedEntry) => void) {
    this.#onEntry = onEntry;
  }

  async open(options: TargetOptions): Promise<void> {
    this.#given = options;
  }

  async plan(entries: readonly Entry[], first: number): Promise<readonly Need[]> {
    for (const [i, entry] of entries.entries()) {
      this.#path.splice(entry.depth, Infinity, entry.name);
      try {
        this.#onEntry({ ...entry, path: this.#below() });
      } catch (thrown) {
        this.#given!.onTrouble(first + i, toSyncError(thrown));
      }
    }
    return entries.map(() => "nothing");
  }

  /** What is in the root directory has no name of that in front. */
  #below(): readonly Bytes[] {
    const isInRoot = this.#given!.layout === "contents" && this.#path.length > 1;
    return isInRoot ? this.#path.slice(1) : [...this.#path];
  }

  async place(lists: readonly ListedChunks[]): Promise<readonly Uint8Array[]> {
    return lists.map(({ sizes }) => new Uint8Array(sizes.length).fill(1));
  }

  async write(): Promise<void> {}

  async finish(): Promise<void> {}

  async abandon(entry: number, reason: SyncError): Promise<void> {
    this.#given!.onTrouble(entry, reason);
  }

  async commit(): Promise<void> {}

  async close(): Promise<void> {}
}
