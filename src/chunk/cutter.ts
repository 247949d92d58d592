import type { Bytes } from "../types.ts";

/** Which rule says where a chunk ends, with its parameters; this is what the handshake carries. */
export interface CutterSpec {
  /** `cafs`, `fastcdc`, `fixed` or `casync`. */
  readonly name: string;
  /** Bytes. Every chunk but the last of a blob is at least this long. */
  readonly minBytes: number;
  /** Bytes. The size aimed at. */
  readonly averageBytes: number;
  /** Bytes. No chunk is longer. */
  readonly maxBytes: number;
}

/**
 * Finds where chunks end. It keeps nothing between calls: each call starts at the start of a chunk,
 * so one cutter serves any number of blobs, one after another.
 */
export interface Cutter {
  readonly spec: CutterSpec;
  /**
   * The input: put bytes at its start, then call `cut`. It lies where the kernel reads, so nothing
   * is copied. It is at least 1 MiB + maxBytes long, and it is the cutter's own: copy out what must
   * stay.
   */
  readonly buffer: Bytes;
  /**
   * Finds the ends of the chunks in buffer[0 .. length), buffer[0] being the first byte of a chunk.
   *
   * @param length bytes of `buffer` that are filled
   * @param final true when the blob ends there: what is left is then the last chunk, if it is not
   *   empty
   * @returns offsets one past each complete chunk, ascending; a view that the next call overwrites.
   *   Bytes behind the last end belong to a chunk that is not complete: move them to the start,
   *   fill up, call again.
   */
  cut(length: number, final: boolean): Uint32Array;
}
