import { dictionaryBytes } from "../bytes/deflate.ts";
import { concatBytes } from "../bytes/compare.ts";
import type { Bytes } from "../types.ts";
import { type FrameType, frameTypes } from "./frame-types.ts";

/** Types of frames that are compressed with what frames of their type held before. */
const contextual: ReadonlySet<number> = new Set<number>(
  (["ENTRIES", "DELTA"] satisfies FrameType[]).map((type) => frameTypes[type]),
);

const nothing = new Uint8Array(0);

/**
 * What the frames of one direction held, as far as later ones of the same type are compressed with
 * it: the last 32 KiB of each such type. Both ends keep the same.
 */
export class CompressionContext {
  readonly #tails = new Map<number, Bytes>();

  /** The dictionary of the next frame of a type. */
  of(code: number): Bytes {
    return this.#tails.get(code) ?? nothing;
  }

  /** A frame was said or heard, with this payload, decoded. */
  add(code: number, payload: Bytes): void {
    if (!contextual.has(code)) return;
    const tail = payload.subarray(-dictionaryBytes);
    const kept = dictionaryBytes - tail.length;
    const before = kept === 0 ? nothing : this.of(code).subarray(-kept);
    this.#tails.set(code, concatBytes([before, tail]));
  }
}
