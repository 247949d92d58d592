import type { ByteString } from "./byte-string.node.ts";
import { printPlace, type DirNode } from "./held-dirs.node.ts";
import type { Entry } from "./tree.ts";

/** A file that is to come. */
export interface PlannedFile {
  readonly entry: number;
  readonly dir: DirNode;
  readonly name: ByteString;
  readonly size: number;
  readonly mode: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
}

/** The files that are to come, by entry number. Columns instead of objects: 50 bytes a file, and its name. */
export class PlannedFiles {
  readonly #entries: number[] = [];
  readonly #dirs: (DirNode | undefined)[] = [];
  readonly #names: ByteString[] = [];
  readonly #sizes: number[] = [];
  readonly #modes: number[] = [];
  readonly #secs: number[] = [];
  readonly #nsecs: number[] = [];

  /** Takes in a file whose entry number is larger than all before. */
  add(entry: number, dir: DirNode, name: ByteString, { size, mode, mtimeSec, mtimeNsec }: Entry): void {
    this.#entries.push(entry);
    this.#dirs.push(dir);
    this.#names.push(name);
    this.#sizes.push(size);
    this.#modes.push(mode);
    this.#secs.push(mtimeSec);
    this.#nsecs.push(mtimeNsec);
  }

  get(entry: number): PlannedFile | undefined {
    const row = this.#rowOf(entry);
    const dir = this.#dirs[row];
    if (this.#entries[row] !== entry || !dir) return undefined;
    return {
      entry,
      dir,
      name: this.#names[row]!,
      size: this.#sizes[row]!,
      mode: this.#modes[row]!,
      mtimeSec: this.#secs[row]!,
      mtimeNsec: this.#nsecs[row]!,
    };
  }

  /** The path of a file, for messages; empty when it is not expected. */
  printPath(entry: number): string {
    const plan = this.get(entry);
    return plan ? printPlace(plan.dir, plan.name) : "";
  }

  /** Forgets a file, whether it came or not. */
  delete(entry: number): void {
    const row = this.#rowOf(entry);
    if (this.#entries[row] !== entry) return;
    this.#dirs[row] = undefined;
    this.#names[row] = "";
  }

  /** The first row whose entry number is not smaller. */
  #rowOf(entry: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]! < entry) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
