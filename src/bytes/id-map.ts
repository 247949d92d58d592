import type { Bytes } from "../types.ts";

/** An empty slot. */
const empty = -1;

/**
 * A map from chunk ids to numbers, kept small: 16 bytes a slot, one and a half to three slots an
 * id.
 *
 * It looks at the first 8 bytes of an id only. What it finds is a candidate: compare the full id
 * before use. Ids may come from a peer, so the place of an id depends on a seed that the peer
 * cannot know.
 */
export class IdMap {
  #count = 0;
  #bits = 4;
  #keys = new Uint32Array(2 << this.#bits);
  #values = new Float64Array(1 << this.#bits).fill(empty);
  readonly #seeds = crypto.getRandomValues(new Uint32Array(2));

  /** Ids in the map. */
  get size(): number {
    return this.#count;
  }

  /** The number stored for an id that begins like this one. */
  get(id: Bytes): number | undefined {
    const value = this.#values[this.#find(word(id, 0), word(id, 4))]!;
    return value === empty ? undefined : value;
  }

  /**
   * Stores a number for an id, in place of the one before.
   *
   * @param value 0 to 2^53 - 1
   */
  set(id: Bytes, value: number): void {
    if (this.#count * 3 >= this.#values.length * 2) this.#grow();
    this.#put(word(id, 0), word(id, 4), value);
  }

  /** Forgets an id; one that is not there does nothing. */
  delete(id: Bytes): void {
    const hole = this.#find(word(id, 0), word(id, 4));
    if (this.#values[hole] === empty) return;
    this.#values[hole] = empty;
    this.#count--;
    this.#closeUp(hole);
  }

  /** Forgets all ids. The room stays, for as many others. */
  clear(): void {
    this.#values.fill(empty);
    this.#count = 0;
  }

  /** Moves back what stood behind a hole only because its own slot was taken. */
  #closeUp(first: number): void {
    const mask = this.#values.length - 1;
    let hole = first;
    for (let at = (hole + 1) & mask; this.#values[at] !== empty; at = (at + 1) & mask) {
      const home = this.#home(this.#keys[2 * at]!, this.#keys[2 * at + 1]!);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#values[hole] = this.#values[at]!;
      this.#keys.copyWithin(2 * hole, 2 * at, 2 * at + 2);
      this.#values[at] = empty;
      hole = at;
    }
  }

  #put(high: number, low: number, value: number): void {
    const at = this.#find(high, low);
    if (this.#values[at] === empty) this.#count++;
    this.#keys[2 * at] = high;
    this.#keys[2 * at + 1] = low;
    this.#values[at] = value;
  }

  /** The slot of a key, or the empty slot where it would go. */
  #find(high: number, low: number): number {
    const mask = this.#values.length - 1;
    let at = this.#home(high, low);
    while (this.#values[at] !== empty && (this.#keys[2 * at] !== high || this.#keys[2 * at + 1] !== low)) {
      at = (at + 1) & mask;
    }
    return at;
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
    this.#values = new Float64Array(1 << this.#bits).fill(empty);
    for (let at = 0; at < values.length; at++) {
      if (values[at] !== empty) this.#put(keys[2 * at]!, keys[2 * at + 1]!, values[at]!);
    }
  }
}

function word(id: Bytes, at: number): number {
  return ((id[at]! << 24) | (id[at + 1]! << 16) | (id[at + 2]! << 8) | id[at + 3]!) >>> 0;
}
