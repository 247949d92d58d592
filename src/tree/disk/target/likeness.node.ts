import type { ByteString } from "../calls/byte-string.node.ts";

/** Files looked up for one new file, at most. */
const maxFoundCount = 4;
/** Files taken in, at most: 20 bytes each. */
const maxCount = 2 ** 18;

/** A chain of files per hash: the first by hash, then from each file to the one before it. */
class Chains {
  readonly #bits = 16;
  readonly #first = new Int32Array(1 << this.#bits).fill(-1);
  readonly #before: number[] = [];

  add(hash: number, file: number): void {
    const slot = (Math.imul(hash, 0x9e3779b1) >>> 0) >>> (32 - this.#bits);
    this.#before[file] = this.#first[slot]!;
    this.#first[slot] = file;
  }

  *find(hash: number): Generator<number> {
    const slot = (Math.imul(hash, 0x9e3779b1) >>> 0) >>> (32 - this.#bits);
    for (let file = this.#first[slot]!; file >= 0; file = this.#before[file]!) yield file;
  }
}

/**
 * Finds files that a new one may have been copied or moved from: of the same size, or of the same
 * name. It is a guess, by hashes; whoever uses it verifies what it finds there.
 */
export class Likeness {
  readonly #places: number[] = [];
  readonly #sizes: number[] = [];
  readonly #byBoth = new Chains();
  readonly #bySize = new Chains();
  readonly #byName = new Chains();

  /** Takes in a file; does nothing when there are too many already. */
  add(place: number, name: ByteString, size: number): void {
    const file = this.#places.length;
    if (file >= maxCount) return;
    this.#places.push(place);
    this.#sizes.push(size);
    const hash = hashText(name);
    this.#byBoth.add(hash ^ size, file);
    this.#bySize.add(size | 0, file);
    this.#byName.add(hash, file);
  }

  /**
   * Up to four files, as place and size: those of the same size first, and of these the first with
   * the same name.
   */
  find(name: ByteString, size: number): { readonly place: number; readonly size: number }[] {
    if (this.#places.length === 0) return [];
    const found = new Set<number>();
    const hash = hashText(name);
    for (const file of this.#byBoth.find(hash ^ size)) {
      if (this.#sizes[file] !== size) continue;
      found.add(file);
      break;
    }
    for (const file of this.#bySize.find(size | 0)) {
      if (this.#sizes[file] === size) found.add(file);
      if (found.size >= maxFoundCount) break;
    }
    for (const file of this.#byName.find(hash)) {
      if (found.size >= maxFoundCount) break;
      if (this.#sizes[file]! > 0) found.add(file);
    }
    return [...found].map((file) => ({ place: this.#places[file]!, size: this.#sizes[file]! }));
  }
}

/**
 * FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
 *
 * @param before the hash of the text that stands before this one
 */
export function hashText(text: string, before = 0x811c9dc5): number {
  let hash = before;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
