import type { Bytes } from "../types.ts";
import type { CutterSpec } from "./cutter.ts";

/** The inside of a cutter: one rule, in one language, with the memory it works on. */
export interface Finder {
  readonly buffer: Bytes;
  /** Where `find` leaves the ends. */
  readonly ends: Uint32Array;
  /**
   * Finds the ends of the chunks in buffer[0 .. length) that are sure, whatever comes behind.
   *
   * @returns how many it wrote to `ends`
   */
  find(length: number): number;
}

/** Bytes to work on at a time, beside one unfinished chunk. */
const blockBytes = 1024 * 1024;

/** Bytes of the buffer of a cutter. */
export function bufferBytesOf(spec: CutterSpec): number {
  return blockBytes + spec.maxBytes;
}

/** How many ends a full buffer may have, with one for the end of the blob. */
export function endCountOf(spec: CutterSpec): number {
  return Math.floor(bufferBytesOf(spec) / spec.minBytes) + 1;
}
