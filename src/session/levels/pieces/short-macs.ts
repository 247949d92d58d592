import type { ByteSlab } from "../../../bytes/byte-slab.ts";
import { pieceMacBytes } from "../../../chunk/pieces.ts";
import type { Bytes } from "../../../types.ts";

/** The first `width` bytes of each MAC in a row of whole ones, in memory of a slab. */
export function shortMacs(macs: Bytes, width: number, slab: ByteSlab): Bytes {
  const count = macs.length / pieceMacBytes;
  const short = slab.take(count * width);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) short[i * width + j] = macs[i * pieceMacBytes + j]!;
  }
  return short;
}
