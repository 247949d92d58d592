import type { Alternative } from "./alternatives.node.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import { printPlace, type DirNode } from "../calls/dir-node.node.ts";
import type { FileRanges } from "./file-ranges.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import type { Metadata } from "../../plan/comparison.ts";
import type { Differing } from "./tree-change.node.ts";

/** A file that is to come. */
export interface PlannedFile extends Metadata {
  readonly entry: number;
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly size: number;
  readonly outcome: Differing["outcome"];
  readonly differs: PlannedEntry["differs"];
  /** What stood at its name when it was planned. */
  readonly there: FileStats | undefined;
  /** What it is made from that is in another directory. */
  readonly basis: Alternative | undefined;
  /** True when what stands there has further names and stays as it is under these. */
  readonly isShared: boolean;
  /** What came of it, or comes, in ranges; undefined for one that comes at once. */
  readonly ranges: FileRanges | undefined;
}

/** What a file is made from. */
export type FileOrigin = Partial<Pick<PlannedFile, "basis" | "isShared" | "ranges">>;

/** The files that are to come, by entry number: those that were announced and are not done. */
export class PlannedFiles {
  readonly #files = new Map<number, PlannedFile>();

  add(
    { number, dir, name, entry, there, differs }: PlannedEntry,
    outcome: Differing["outcome"],
    { basis, isShared = false, ranges }: FileOrigin = {},
  ): void {
    const { size, mode, mtimeSec, mtimeNsec, facts } = entry;
    this.#files.set(number, {
      entry: number,
      dir,
      name,
      size,
      mode,
      mtimeSec,
      mtimeNsec,
      facts,
      outcome,
      differs,
      there,
      basis,
      isShared,
      ranges,
    });
  }

  get(entry: number): PlannedFile | undefined {
    return this.#files.get(entry);
  }

  /** The path of a file, for messages; empty when it is not expected. */
  printPath(entry: number): string {
    const plan = this.get(entry);
    return plan ? printPlace(plan.dir, plan.name) : "";
  }

  /** Forgets a file, whether it came or not. */
  delete(entry: number): void {
    this.#files.delete(entry);
  }
}
