import type { Bytes } from "../types.ts";

/**
 * The slots of chunk ids, one and a half to three an id, of 8 bytes each and of 8 more where each
 * id has a number.
 *
 * It looks at the first 8 bytes of an id only, and takes one that begins with 8 zero bytes for one
 * that begins with 7 and a 1. Ids may come from a peer, so the place of an id depends on a seed
 * that the peer cannot know.
 */
export class IdTable {
  #count = 0;
  #bits = 4;
  /** Two words a slot; both are 0 in an empty one. */
  #keys = new Uint32Array(2 << this.#bits);
  #values: Float64Array | undefined;
  readonly #seeds = crypto.getRandomValues(new Uint32Array(2));

  constructor({ hasNumbers }: { readonly hasNumbers: boolean }) {
    if (hasNumbers) this.#values = new Float64Array(1 << this.#bits);
  }

  get size(): number {
    return this.#count;
  }

  has(id: Bytes): boolean {
    return this.#isTaken(this.#find(word(id, 0), lowWord(id)));
  }

  /** The number of an id that begins like this one. */
  numberOf(id: Bytes): number | undefined {
    const at = this.#find(word(id, 0), lowWord(id));
    return this.#isTaken(at) ? this.#values?.[at] : undefined;
  }

  /** Puts an id in, with its number where there are any; false when it was there. */
  put(id: Bytes, value = 0): boolean {
    if (this.#count * 3 >= this.#keys.length) this.#grow();
    const before = this.#count;
    this.#put(word(id, 0), lowWord(id), value);
    return this.#count > before;
  }

  /** Forgets an id; one that is not there does nothing. */
  delete(id: Bytes): void {
    const hole = this.#find(word(id, 0), lowWord(id));
    if (!this.#isTaken(hole)) return;
    this.#keys.fill(0, 2 * hole, 2 * hole + 2);
    this.#count--;
    this.#closeUp(hole);
  }

  /** Forgets all ids. The room stays, for as many others. */
  clear(): void {
    this.#keys.fill(0);
    this.#count = 0;
  }

  #isTaken(at: number): boolean {
    return this.#keys[2 * at] !== 0 || this.#keys[2 * at + 1] !== 0;
  }

  /** Moves back what stood behind a hole only because its own slot was taken. */
  #closeUp(first: number): void {
    const mask = this.#keys.length / 2 - 1;
    let hole = first;
    for (let at = (hole + 1) & mask; this.#isTaken(at); at = (at + 1) & mask) {
      const home = this.#home(this.#keys[2 * at]!, this.#keys[2 * at + 1]!);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#keys.copyWithin(2 * hole, 2 * at, 2 * at + 2);
      if (this.#values) this.#values[hole] = this.#values[at]!;
      this.#keys.fill(0, 2 * at, 2 * at + 2);
      hole = at;
    }
  }

  #put(high: number, low: number, value: number): void {
    const at = this.#find(high, low);
    if (!this.#isTaken(at)) this.#count++;
    this.#keys[2 * at] = high;
    this.#keys[2 * at + 1] = low;
    if (this.#values) this.#values[at] = value;
  }

  /** The slot of a key, or the empty slot where it would go. */
  #find(high: number, low: number): number {
    const keys = this.#keys;
    const mask = keys.length / 2 - 1;
    for (let at = this.#home(high, low); ; at = (at + 1) & mask) {
      const first = keys[2 * at];
      const second = keys[2 * at + 1];
      if ((first === high && second === low) || (first === 0 && second === 0)) return at;
    }
  }

  /** Multiply-shift hashing with secret odd factors (Dietzfelbinger et al. 1997). */
  #home(high: number, low: number): number {
    const mixed = Math.imul(high, this.#seeds[0]! | 1) + Math.imul(low, this.#seeds[1]! | 1);
    return (mixed >>> 0) >>> (32 - this.#bits);
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#bits++;
    this.#count = 0;
    this.#keys = new Uint32Array(2 << this.#bits);
    if (values) this.#values = new Float64Array(1 << this.#bits);
    for (let at = 0; 2 * at < keys.length; at++) {
      const [high, low] = [keys[2 * at]!, keys[2 * at + 1]!];
      if (high !== 0 || low !== 0) this.#put(high, low, values ? values[at]! : 0);
    }
  }
}

function word(id: Bytes, at: number): number {
  return ((id[at]! << 24) | (id[at + 1]! << 16) | (id[at + 2]! << 8) | id[at + 3]!) >>> 0;
}

/** The second word of a key, which is not empty. */
function lowWord(id: Bytes): number {
  const low = word(id, 4);
  return low === 0 && word(id, 0) === 0 ? 1 : low;
}
