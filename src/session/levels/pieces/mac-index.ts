import { macAt } from "./mac-widths.ts";

/** MACs that an index has room for at first. */
const firstRoomCount = 256;

/** A row of MACs in which others are looked for. Its memory serves one row after another. */
export class MacIndex {
  #width = 0;
  #count = 0;
  #macs = new Float64Array(firstRoomCount);
  /**
   * In its first `#slotCount` elements: for each MAC one more than the first place that has it, at
   * the slot that follows from the MAC or at the next free one.
   */
  #table = new Uint32Array(4 * firstRoomCount);
  /** A power of two; 0 until something is looked for. */
  #slotCount = 0;
  /** Unknown to the peer, who could choose MACs that all have the same slot. */
  readonly #factors = crypto.getRandomValues(new Uint32Array(2)).map((factor) => factor | 1);
  /** The place behind the one that was found last. */
  #expected = 0;

  /**
   * Begins another row.
   *
   * @param width bytes of each MAC that count, 6 at most
   */
  begin(width: number): void {
    this.#width = width;
    this.#count = 0;
    this.#slotCount = 0;
    this.#expected = 0;
  }

  /** Adds MACs behind those that are there, one in each `strideBytes`. */
  add(macs: Uint8Array, strideBytes: number): void {
    this.#makeRoom(this.#count + macs.length / strideBytes);
    for (let at = 0; at < macs.length; at += strideBytes) {
      this.#macs[this.#count++] = macAt(macs, at, this.#width);
    }
  }

  /**
   * For each MAC of a row, one in each `strideBytes`, the place of one that is the same, or -1: the
   * one that follows the last that was found, where that is one, else the first.
   */
  find(macs: Uint8Array, strideBytes: number): number[] {
    if (this.#slotCount === 0) this.#makeTable();
    const found: number[] = [];
    for (let at = 0; at < macs.length; at += strideBytes) {
      const mac = macAt(macs, at, this.#width);
      const isNext = this.#expected < this.#count && this.#macs[this.#expected] === mac;
      const place = isNext ? this.#expected : this.#table[this.#slotOf(mac)]! - 1;
      if (place >= 0) this.#expected = place + 1;
      found.push(place);
    }
    return found;
  }

  #makeRoom(count: number): void {
    if (count <= this.#macs.length) return;
    const roomier = new Float64Array(Math.max(count, 2 * this.#macs.length));
    roomier.set(this.#macs.subarray(0, this.#count));
    this.#macs = roomier;
  }

  #makeTable(): void {
    this.#slotCount = 2 ** Math.ceil(Math.log2(2 * this.#count + 2));
    if (this.#slotCount > this.#table.length) this.#table = new Uint32Array(this.#slotCount);
    else this.#table.fill(0, 0, this.#slotCount);
    for (let place = 0; place < this.#count; place++) {
      const slot = this.#slotOf(this.#macs[place]!);
      if (this.#table[slot] === 0) this.#table[slot] = place + 1;
    }
  }

  /** Where a MAC stands in the table, or can be put. */
  #slotOf(mac: number): number {
    const last = this.#slotCount - 1;
    const hash = Math.imul(mac, this.#factors[0]!) ^ Math.imul(mac / 2 ** 32, this.#factors[1]!);
    for (let slot = hash >>> Math.clz32(last); ; slot = (slot + 1) & last) {
      const place = this.#table[slot]!;
      if (place === 0 || this.#macs[place - 1] === mac) return slot;
    }
  }
}
