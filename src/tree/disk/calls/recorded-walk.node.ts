import { NumberColumn } from "../../../bytes/number-column.ts";
import type { ByteString } from "./byte-string.node.ts";
import { DirNode } from "./dir-node.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import { StatsColumns } from "./stats-columns.node.ts";
import type { Found, WalkOptions } from "./walk.node.ts";

/** Entries kept of a walk, at most: with their names they take some 35 MB. */
export const maxRecordedCount = 262_144;

/** Where the names of a block of entries begin to be kept; they grow as they come. */
const firstNamesBytes = 64 * 1024;

/** A directory of a walk. */
interface RecordedDir {
  readonly node: DirNode;
  readonly depth: number;
}

/**
 * What a walk found that went everywhere below its root, to be used without another look. Of more
 * than `maxRecordedCount` entries nothing is kept.
 */
export class RecordedWalk {
  /** The directory that it began in, as it was before. */
  readonly top: FileStats | undefined;
  #stats = new StatsColumns();
  /** All names in a row, and where each ends. */
  #names = Buffer.alloc(firstNamesBytes);
  #nameEnds = emptyColumn();
  #dirs: RecordedDir[] = [];
  /** Of each entry, the number of the directory that it lies in. */
  #dirNumbers = emptyColumn();
  /** By depth, the number of the directory that the walk is in. */
  readonly #openDirs: number[] = [];
  #isWhole = true;

  constructor(top?: FileStats) {
    this.top = top;
  }

  add({ dir, name, depth, stats }: Found): void {
    if (!this.#isWhole) return;
    if (this.entryCount === maxRecordedCount) return this.#giveUp();
    this.#dirNumbers.push(this.#numberOf(dir, depth));
    this.#nameEnds.push(this.#keepName(name));
    this.#stats.add(stats);
  }

  /** True when all that was found is here. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get entryCount(): number {
    return this.#stats.count;
  }

  nameOf(index: number): ByteString {
    return this.#names.toString("latin1", this.#startOf(index), this.#nameEnds.get(index));
  }

  depthOf(index: number): number {
    return this.#dirOf(index).depth;
  }

  statsOf(index: number): FileStats {
    return this.#stats.at(index);
  }

  /**
   * Gives what the walk would give that does not go into some directories.
   *
   * @param passBelow lists a directory, and nothing that is in it
   */
  *without(passBelow: NonNullable<WalkOptions["passBelow"]>): Generator<Found> {
    let closedDepth = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.entryCount; index++) {
      const { node: dir, depth } = this.#dirOf(index);
      if (depth > closedDepth) continue;
      const name = this.nameOf(index);
      const isClosed = this.#stats.kindAt(index) === "dir" && passBelow(dir, name);
      closedDepth = isClosed ? depth : Number.POSITIVE_INFINITY;
      const found = { dir, name, depth, stats: this.statsOf(index) };
      yield isClosed ? { ...found, isClosed } : found;
    }
  }

  /** Gives all of it, found below a directory that is held in another way. */
  *below(top: DirNode): Generator<Found> {
    const dirs = [top];
    for (let index = 0; index < this.entryCount; index++) {
      const depth = this.depthOf(index);
      const dir = dirs[depth]!;
      const name = this.nameOf(index);
      const stats = this.statsOf(index);
      if (stats.kind === "dir") dirs[depth + 1] = new DirNode(dir, name);
      yield { dir, name, depth, stats };
    }
  }

  #dirOf(index: number): RecordedDir {
    return this.#dirs[this.#dirNumbers.get(index)]!;
  }

  #numberOf(dir: DirNode, depth: number): number {
    const open = this.#openDirs[depth];
    if (open !== undefined && this.#dirs[open]!.node === dir) return open;
    this.#openDirs[depth] = this.#dirs.length;
    return this.#dirs.push({ node: dir, depth }) - 1;
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#nameEnds.get(index - 1);
  }

  /** Returns where the name ends. */
  #keepName(name: ByteString): number {
    const start = this.#startOf(this.entryCount);
    if (start + name.length > this.#names.length)
      this.#names = Buffer.concat([this.#names], 2 * this.#names.length);
    return start + this.#names.write(name, start, "latin1");
  }

  #giveUp(): void {
    this.#isWhole = false;
    this.#stats = new StatsColumns();
    this.#names = Buffer.alloc(0);
    this.#nameEnds = emptyColumn();
    this.#dirNumbers = emptyColumn();
    this.#dirs = [];
  }
}

function emptyColumn(): NumberColumn {
  return new NumberColumn(new Uint32Array(1024));
}
