import type { Bytes } from "../../../types.ts";
import { macAt } from "./mac-widths.ts";
import type { PieceGroup } from "./piece-codec.ts";
import { pieceMacBytes } from "../../../chunk/pieces.ts";

/** The pieces of an old version: where each starts, and which has a given MAC. */
export class PieceIndex {
  readonly #width: number;
  /** Where each piece starts, in bytes, and behind the last one where it ends. */
  readonly #starts: number[] = [0];
  readonly #macs: number[] = [];
  readonly #first = new Map<number, number>();
  /** The piece behind the one that was found last. */
  #expected = 0;

  /** @param width bytes of each MAC that is looked for */
  constructor(width: number) {
    this.#width = width;
  }

  /** Where the last piece ends. */
  get endBytes(): number {
    return this.#starts.at(-1)!;
  }

  /** Adds the pieces behind those that are there, by their ends in a block. */
  add(ends: Uint32Array, macs: Bytes): void {
    const from = this.endBytes;
    for (const [i, end] of ends.entries()) {
      const mac = macAt(macs, i * pieceMacBytes, this.#width);
      if (!this.#first.has(mac)) this.#first.set(mac, this.#macs.length);
      this.#macs.push(mac);
      this.#starts.push(from + end);
    }
  }

  /**
   * For each piece of a group the number of one with the same MAC, or -1: the one that follows the
   * last that was found, where that is one, else the first.
   */
  find({ macs, count, width }: Pick<PieceGroup, "macs" | "count" | "width">): Int32Array {
    const found = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const mac = macAt(macs, i * width, width);
      const isNext = this.#macs[this.#expected] === mac;
      const place = isNext ? this.#expected : (this.#first.get(mac) ?? -1);
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
}
