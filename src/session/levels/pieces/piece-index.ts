import { pieceMacBytes } from "../../../chunk/pieces.ts";
import type { Bytes } from "../../../types.ts";
import { MacIndex } from "./mac-index.ts";
import type { PieceGroup } from "./piece-codec.ts";

/**
 * The pieces of an old version: where each starts, and which has a given MAC. Its memory serves one
 * version after another.
 */
export class PieceIndex {
  readonly #macs = new MacIndex();
  /** Where each piece starts, in bytes, and behind the last one where it ends. */
  #starts: number[] = [0];

  /**
   * Begins another version.
   *
   * @param width bytes of each MAC that is looked for
   */
  begin(width: number): void {
    this.#macs.begin(width);
    this.#starts = [0];
  }

  /** Adds the pieces behind those that are there, by their ends in a block. */
  add(ends: Uint32Array, macs: Bytes): void {
    this.#macs.add(macs, pieceMacBytes);
    const from = this.#starts.at(-1)!;
    for (let i = 0; i < ends.length; i++) this.#starts.push(from + ends[i]!);
  }

  /**
   * For each piece of a group the number of one with the same MAC, or -1: the one that follows the
   * last that was found, where that is one, else the first.
   */
  find({ macs, width }: Pick<PieceGroup, "macs" | "width">): number[] {
    return this.#macs.find(macs, width);
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
