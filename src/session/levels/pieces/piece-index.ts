import { pieceMacBytes } from "../../../chunk/pieces.ts";
import type { Bytes } from "../../../types.ts";
import { macAt } from "./mac-widths.ts";
import type { PieceGroup } from "./piece-codec.ts";

/** Pieces that an index has room for at first. */
const firstRoomCount = 64;

/** The pieces of an old version: where each starts, and which has a given MAC. */
export class PieceIndex {
  readonly #width: number;
  #count = 0;
  #macs = new Float64Array(firstRoomCount);
  /** Where each piece starts, in bytes, and behind the last one where it ends. */
  #starts = new Float64Array(firstRoomCount + 1);
  /**
   * For each MAC one more than the first piece that has it, at the place that the MAC says or at
   * the next free one; made when something is looked for.
   */
  #table: Uint32Array | undefined;
  /** The piece behind the one that was found last. */
  #expected = 0;

  /** @param width bytes of each MAC that is looked for */
  constructor(width: number) {
    this.#width = width;
  }

  /** Adds the pieces behind those that are there, by their ends in a block. */
  add(ends: Uint32Array, macs: Bytes): void {
    this.#makeRoom(this.#count + ends.length);
    const from = this.#starts[this.#count]!;
    for (let i = 0; i < ends.length; i++) {
      this.#macs[this.#count] = macAt(macs, i * pieceMacBytes, this.#width);
      this.#count += 1;
      this.#starts[this.#count] = from + ends[i]!;
    }
  }

  /**
   * For each piece of a group the number of one with the same MAC, or -1: the one that follows the
   * last that was found, where that is one, else the first.
   */
  find({ macs, count, width }: Pick<PieceGroup, "macs" | "count" | "width">): Int32Array {
    const table = (this.#table ??= this.#makeTable());
    const found = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const mac = macAt(macs, i * width, width);
      const isNext = this.#expected < this.#count && this.#macs[this.#expected] === mac;
      const place = isNext ? this.#expected : table[this.#slotOf(table, mac)]! - 1;
      if (place >= 0) this.#expected = place + 1;
      found[i] = place;
    }
    return found;
  }

  /** Where a piece starts. */
  startOf(piece: number): number {
    return this.#starts[piece]!;
  }

  /** Where a piece ends. */
  endOf(piece: number): number {
    return this.#starts[piece + 1]!;
  }

  #makeRoom(count: number): void {
    if (count <= this.#macs.length) return;
    const roomCount = Math.max(count, 2 * this.#macs.length);
    this.#macs = extended(this.#macs, roomCount);
    this.#starts = extended(this.#starts, roomCount + 1);
  }

  #makeTable(): Uint32Array {
    const table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * this.#count + 2)));
    for (let piece = 0; piece < this.#count; piece++) {
      const slot = this.#slotOf(table, this.#macs[piece]!);
      if (table[slot] === 0) table[slot] = piece + 1;
    }
    return table;
  }

  /** Where a MAC stands in a table, or can be put. */
  #slotOf(table: Uint32Array, mac: number): number {
    const last = table.length - 1;
    for (let slot = (mac >>> 0) & last; ; slot = (slot + 1) & last) {
      const piece = table[slot]!;
      if (piece === 0 || this.#macs[piece - 1] === mac) return slot;
    }
  }
}

function extended(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(length);
  longer.set(column);
  return longer;
}
