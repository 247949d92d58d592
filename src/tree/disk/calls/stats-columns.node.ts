import { entryKinds } from "../../entry/entry.ts";
import type { FileStats } from "./file-stats.node.ts";

const kinds: readonly FileStats["kind"][] = [...entryKinds, "other"];

/** Files in a block of memory. */
const blockCount = 4096;
/** Numbers of a file that fit into 32 bits, and others. */
const narrowCount = 5;
const wideCount = 10;
const modeBits = 12;

interface Block {
  readonly narrow: Int32Array;
  readonly wide: Float64Array;
}

/**
 * What the system said of many files, one after another. 100 bytes are kept of each, and no object:
 * a garbage collector that went through them again and again would take more time than to ask the
 * system twice.
 */
export class StatsColumns {
  readonly #blocks: Block[] = [];
  /** What only few have. */
  readonly #rare = new Map<number, Pick<FileStats, "fakeOwners" | "rdev">>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(stats: FileStats): void {
    const row = this.#count % blockCount;
    if (row === 0) this.#blocks.push(emptyBlock());
    const { narrow, wide } = this.#blocks.at(-1)!;
    const at = row * narrowCount;
    narrow[at] = (kinds.indexOf(stats.kind) << modeBits) | stats.mode;
    narrow[at + 1] = stats.mtimeNsec;
    narrow[at + 2] = stats.ctimeNsec;
    narrow[at + 3] = stats.accessNsec;
    narrow[at + 4] = stats.linkCount;
    const from = row * wideCount;
    wide[from] = stats.size;
    wide[from + 1] = stats.mtimeSec;
    wide[from + 2] = stats.ctimeSec;
    wide[from + 3] = stats.accessSec;
    wide[from + 4] = stats.inode;
    wide[from + 5] = stats.bornUsec;
    wide[from + 6] = stats.device;
    wide[from + 7] = stats.mount;
    wide[from + 8] = stats.owner;
    wide[from + 9] = stats.group;
    const { fakeOwners, rdev } = stats;
    if (fakeOwners) this.#rare.set(this.#count, { fakeOwners, rdev });
    else if (rdev) this.#rare.set(this.#count, { rdev });
    this.#count += 1;
  }

  /** What was said of the file that was added when there were `index` before it. */
  at(index: number): FileStats {
    const row = index % blockCount;
    const { narrow, wide } = this.#blocks[(index - row) / blockCount]!;
    const at = row * narrowCount;
    const from = row * wideCount;
    const stats: FileStats = {
      kind: this.kindAt(index),
      size: small(wide[from]!),
      mode: narrow[at]! & ((1 << modeBits) - 1),
      mtimeSec: small(wide[from + 1]!),
      mtimeNsec: narrow[at + 1]!,
      ctimeSec: small(wide[from + 2]!),
      ctimeNsec: narrow[at + 2]!,
      inode: small(wide[from + 4]!),
      bornUsec: wide[from + 5]!,
      device: small(wide[from + 6]!),
      mount: small(wide[from + 7]!),
      owner: small(wide[from + 8]!),
      group: small(wide[from + 9]!),
      accessSec: small(wide[from + 3]!),
      accessNsec: narrow[at + 3]!,
      linkCount: narrow[at + 4]!,
      rdev: undefined,
    };
    const rare = this.#rare.size > 0 ? this.#rare.get(index) : undefined;
    return rare ? { ...stats, ...rare } : stats;
  }

  kindAt(index: number): FileStats["kind"] {
    const row = index % blockCount;
    return kinds[this.#blocks[(index - row) / blockCount]!.narrow[row * narrowCount]! >> modeBits]!;
  }
}

function emptyBlock(): Block {
  return {
    narrow: new Int32Array(blockCount * narrowCount),
    wide: new Float64Array(blockCount * wideCount),
  };
}

/** The same number, as one that the engine keeps without an object where it can. */
function small(number: number): number {
  const integer = number | 0;
  return integer === number ? integer : number;
}
