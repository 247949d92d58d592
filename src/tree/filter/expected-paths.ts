import { byteStringOf } from "../../bytes/byte-string.ts";
import { SyncError } from "../../errors.ts";
import type { Entry, Layout } from "../entry/entry.ts";
import type { DirFilter } from "./dir-filter.ts";
import type { TreeFilter } from "./tree-filter.ts";

/** Refuses entries that a sender was told to leave out. */
export class ExpectedPaths {
  /** By depth of what lies in them: the filter of the directories on the way to the last entry. */
  readonly #around: DirFilter[];

  private constructor(around: DirFilter) {
    this.#around = [around];
  }

  /**
   * Returns undefined where that cannot be known here: rules are in files at the sender, or about
   * absolute paths there.
   */
  static of(filter: TreeFilter | undefined): ExpectedPaths | undefined {
    const isKnown = filter?.rules.every((rule) => rule.type === "pattern" && !rule.isAbsolute);
    return filter && isKnown === true ? new ExpectedPaths(filter.open("sender", {})) : undefined;
  }

  /** Checks an entry that comes behind the directory it lies in. @throws UNSOLICITED */
  check({ depth, kind, name: bytes }: Entry, layout: Layout): void {
    const around = this.#around[depth]!;
    const isRoot = depth === 0 && layout === "contents";
    const name = isRoot ? "" : byteStringOf(bytes);
    if (!isRoot && around.excludes(name, kind === "dir"))
      throw new SyncError("UNSOLICITED", "the sender was told to leave this out");
    if (kind === "dir") this.#around[depth + 1] = around.enter(name, () => undefined);
  }
}
