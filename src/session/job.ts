import type { Bytes } from "../types.ts";

/** Files of an ENTRIES frame that are not done, and the size of the frame: what a one-way sender settles itself. */
export interface Announced {
  open: number;
  readonly bytes: number;
}

/** A file that was listed, until its content is. */
export interface Job<File> {
  readonly file: File;
  readonly entry: number;
  readonly name: Bytes;
  /** Bytes that it was listed with. */
  readonly size: number;
  readonly unasked: boolean;
  readonly announced: Announced;
}
