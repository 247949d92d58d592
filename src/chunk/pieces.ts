import type { Bytes } from "../types.ts";
import type { GearRule } from "./fastcdc-finder.ts";
import { pieceLimits } from "./piece-rules.ts";

/** The inside of a piece kernel: in one language, with the memory it works on. */
export interface Pieces {
  readonly buffer: Bytes;
  /** Where the ends of pieces lie: what the first two functions write, and the third reads. */
  readonly ends: Uint32Array;
  /** Where `hash` leaves the MACs. */
  readonly macs: Bytes;
  /** Finds the ends of the pieces in buffer[0 .. length) that are sure; returns how many. */
  findGear(length: number, rule: GearRule): number;
  /** The same for pieces of lines. */
  findLines(length: number): number;
  /** Computes the MACs of the first `count` pieces. */
  hash(count: number): void;
  /** Takes buffer[from .. to) into the MAC of a file. */
  update(from: number, to: number): void;
  /** Returns that MAC, and begins anew. */
  digest(): Bytes;
}

/** Bytes of the MAC of a piece. */
export const pieceMacBytes = 8;

/** Bytes of the MAC of a file. */
export const fileMacBytes = 16;

/** Bytes to work on at a time, beside one unfinished piece. */
const blockBytes = 1024 * 1024;

/** Bytes of the buffer of a piece kernel. */
export const piecesBufferBytes = blockBytes + pieceLimits.longestPieceBytes;

/** How many ends a full buffer may have, with one for the end of the content. */
export const pieceEndCount = piecesBufferBytes / pieceLimits.shortestPieceBytes + 1;
