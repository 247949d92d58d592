import type { ByteString } from "../calls/byte-string.node.ts";

/** Files looked up for one new file, at most. */
const maxFoundCount = 4;
/** Files taken in, at most: 32 bytes each. */
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

/** What files are told to be alike by. */
export interface Looks {
  readonly name: ByteString;
  readonly size: number;
  readonly mtimeSec: number;
}

/**
 * Finds files that a new one may have been copied or moved from: of the same size, or of the same
 * name. It is a guess, by hashes; whoever uses it verifies what it finds there.
 */
export class Likeness {
  readonly #places: number[] = [];
  readonly #sizes: number[] = [];
  readonly #times: number[] = [];
  readonly #byNameAndSize = new Chains();
  readonly #byTimeAndSize = new Chains();
  readonly #bySize = new Chains();
  readonly #byName = new Chains();

  /** Takes in a file; does nothing when there are too many already. */
  add(place: number, { name, size, mtimeSec }: Looks): void {
    const file = this.#places.length;
    if (file >= maxCount) return;
    this.#places.push(place);
    this.#sizes.push(size);
    this.#times.push(mtimeSec);
    const hash = hashText(name);
    this.#byNameAndSize.add(hash ^ size, file);
    this.#byTimeAndSize.add(hashTime(size, mtimeSec), file);
    this.#bySize.add(size | 0, file);
    this.#byName.add(hash, file);
  }

  /**
   * Up to four files, as place and size: those of the same size first, of these one with the same
   * name, and then those of the same time, which a file that is renamed keeps.
   */
  find({ name, size, mtimeSec }: Looks): { readonly place: number; readonly size: number }[] {
    if (this.#places.length === 0) return [];
    const found = new Set<number>();
    const hash = hashText(name);
    const isSameSize = (file: number): boolean => this.#sizes[file] === size;
    const take = (files: Iterable<number>, isLike: (file: number) => boolean, count: number): void => {
      for (const file of files) {
        if (found.size >= count) return;
        if (isLike(file)) found.add(file);
      }
    };
    take(this.#byNameAndSize.find(hash ^ size), isSameSize, 1);
    const isSameTime = (file: number): boolean => isSameSize(file) && this.#times[file] === mtimeSec;
    take(this.#byTimeAndSize.find(hashTime(size, mtimeSec)), isSameTime, maxFoundCount);
    take(this.#bySize.find(size | 0), isSameSize, maxFoundCount);
    take(this.#byName.find(hash), (file) => this.#sizes[file]! > 0, maxFoundCount);
    return [...found].map((file) => ({ place: this.#places[file]!, size: this.#sizes[file]! }));
  }
}

function hashTime(size: number, mtimeSec: number): number {
  return Math.imul(mtimeSec, 0x85ebca6b) ^ size;
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
