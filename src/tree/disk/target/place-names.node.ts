import type { ByteString } from "../calls/byte-string.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";

/**
 * The directory and name of each of many files, by number from 0. Names lie in one run of bytes: 12
 * bytes a file and its name, where an object and a string would take 100.
 */
export class PlaceNames {
  readonly #dirs: DirNode[] = [];
  readonly #numberOfDir = new Map<DirNode, number>();
  #dirOf = new Uint32Array(256);
  /** Where each name starts; it ends where the next one does. */
  #starts = new Uint32Array(256);
  #text = Buffer.allocUnsafe(4096);
  #count = 0;
  #used = 0;

  get count(): number {
    return this.#count;
  }

  add(dir: DirNode, name: ByteString): number {
    if (this.#count + 1 >= this.#starts.length) this.#growRows();
    if (this.#used + name.length > this.#text.length) this.#growText(name.length);
    this.#dirOf[this.#count] = this.#number(dir);
    this.#starts[this.#count] = this.#used;
    this.#used += this.#text.write(name, this.#used, "latin1");
    this.#starts[this.#count + 1] = this.#used;
    return this.#count++;
  }

  dirOf(file: number): DirNode {
    return this.#dirs[this.#dirOf[file]!]!;
  }

  nameOf(file: number): ByteString {
    return this.#text.toString("latin1", this.#starts[file], this.#starts[file + 1]);
  }

  #number(dir: DirNode): number {
    let number = this.#numberOfDir.get(dir);
    if (number === undefined) {
      number = this.#dirs.push(dir) - 1;
      this.#numberOfDir.set(dir, number);
    }
    return number;
  }

  #growRows(): void {
    this.#dirOf = grown(this.#dirOf);
    this.#starts = grown(this.#starts);
  }

  #growText(more: number): void {
    const wider = Buffer.allocUnsafe(Math.max(this.#text.length * 2, this.#used + more));
    this.#text.copy(wider, 0, 0, this.#used);
    this.#text = wider;
  }
}

function grown(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(column.length * 2);
  wider.set(column);
  return wider;
}
